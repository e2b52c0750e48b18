package main

import (
	"fmt"
	"net"
	"time"
)

func main() {
	ln, err := net.Listen("tcp", "127.0.0.1:20060")
	if err != nil {
		fmt.Println(err)
		return
	}
	done := make(chan string)
	for i := 0; i < 3; i++ {
		go func() {
			c, err := ln.Accept()
			if err != nil {
				done <- err.Error()
				return
			}
			buf := make([]byte, 16)
			n, err := c.Read(buf)
			c.Write(buf[:n])
			c.Close()
			done <- fmt.Sprintf("%d %s %v", i, buf[:n], err)
		}()
		time.Sleep(20 * time.Millisecond)
	}
	for i := 0; i < 3; i++ {
		fmt.Println(<-done)
	}
	for i := 0; i < 3; i++ {
		go func() {
			_, err := ln.Accept()
			done <- err.Error()
		}()
	}
	time.Sleep(20 * time.Millisecond)
	ln.Close()
	for i := 0; i < 3; i++ {
		fmt.Println(<-done)
	}
}
