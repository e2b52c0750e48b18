package main

import (
	"fmt"
	"io"
	"net"
)

func main() {
	ln, err := net.Listen("tcp", "127.0.0.1:20090")
	if err != nil {
		fmt.Println(err)
		return
	}
	down, err := ln.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	up, err := net.Dial("tcp", "127.0.0.1:20091")
	if err != nil {
		fmt.Println(err)
		return
	}
	done := make(chan int64)
	go func() {
		n, _ := io.Copy(up, down)
		up.(*net.TCPConn).CloseWrite()
		done <- n
	}()
	n, err := io.Copy(down, up)
	down.(*net.TCPConn).CloseWrite()
	fmt.Println(<-done, n, err)
	down.Close()
	up.Close()
	ln.Close()
}
