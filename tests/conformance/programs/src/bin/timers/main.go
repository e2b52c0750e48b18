package main

import (
	"context"
	"fmt"
	"time"
)

const ms = time.Millisecond

func main() {
	ticker := time.NewTicker(40 * ms)
	for i := 0; i < 3; i++ {
		<-ticker.C
	}
	ticker.Stop()
	done := make(chan string)
	time.AfterFunc(60*ms, func() { done <- "called" })
	fmt.Println(<-done)
	t := time.NewTimer(time.Hour)
	fmt.Println(t.Stop(), t.Stop(), t.Reset(50*ms))
	<-t.C
	select {
	case <-done:
		fmt.Println("never")
	case <-time.After(70 * ms):
		fmt.Println("after")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 55*ms)
	<-ctx.Done()
	fmt.Println(ctx.Err())
	cancel()
	time.Sleep(100 * ms)
}
