package main

import (
	"fmt"
	"sync"
	"time"
)

func main() {
	var all sync.WaitGroup
	var mu sync.Mutex
	woken := 0
	for i := 0; i < 100; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			time.Sleep(time.Duration(i%10) * 20 * time.Millisecond)
			mu.Lock()
			woken++
			mu.Unlock()
		}()
	}
	all.Wait()
	fmt.Println(woken)
}
