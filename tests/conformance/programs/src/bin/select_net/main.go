package main

import (
	"fmt"
	"net"
	"time"
)

func main() {
	ln, err := net.Listen("tcp", "127.0.0.1:20085")
	if err != nil {
		fmt.Println(err)
		return
	}
	words := make(chan string)
	closed := make(chan bool)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				close(closed)
				return
			}
			go func() {
				buf := make([]byte, 32)
				for {
					n, err := c.Read(buf)
					if err != nil {
						c.Close() // First: nobody waits for what comes after the word.
						words <- "gone"
						return
					}
					words <- string(buf[:n])
				}
			}()
		}
	}()
	ticker := time.NewTicker(time.Hour)
	for gone := 0; gone < 2; {
		select {
		case w := <-words:
			fmt.Println(w)
			if w == "gone" {
				gone++
			}
		case <-ticker.C:
			fmt.Println("tick")
		}
	}
	ticker.Stop()
	ln.Close()
	<-closed
	fmt.Println("closed")
}
