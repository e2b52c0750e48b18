package main

import (
	"fmt"
	"net"
	"time"
)

func main() {
	ln, err := net.Listen("tcp4", "127.0.0.1:20088")
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := ln.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	go ln.Accept()
	time.Sleep(20 * time.Millisecond)
	go c.Read(make([]byte, 8))
	go time.Sleep(time.Hour)
	time.Sleep(50 * time.Millisecond)
	fmt.Println("the end")
}
