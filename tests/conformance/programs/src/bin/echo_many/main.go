package main

import (
	"fmt"
	"net"
	"sync"
)

func main() {
	ln, err := net.Listen("tcp", "127.0.0.1:20068")
	if err != nil {
		fmt.Println(err)
		return
	}
	started, err := net.ListenPacket("udp4", "127.0.0.1:20068")
	if err != nil {
		fmt.Println(err)
		return
	}
	started.ReadFrom(make([]byte, 8))
	started.Close()
	var all sync.WaitGroup
	for i := 0; i < 20; i++ {
		c, err := ln.Accept()
		if err != nil {
			fmt.Println(err)
			return
		}
		all.Add(1)
		go func() {
			defer all.Done()
			defer c.Close()
			buf := make([]byte, 64)
			for {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				c.Write(buf[:n])
			}
		}()
	}
	all.Wait()
	ln.Close()
	fmt.Println("done")
}
