package main

import (
	"fmt"
	"net"
)

func serve(ln net.Listener, done chan string) {
	c, err := ln.Accept()
	if err != nil {
		done <- err.Error()
		return
	}
	buf := make([]byte, 16)
	n, err := c.Read(buf)
	c.Write(buf[:n])
	c.Close()
	done <- fmt.Sprintf("%s %s %v", ln.Addr(), buf[:n], err)
}

func main() {
	tcp, err := net.Listen("tcp", "localhost:20092")
	if err != nil {
		fmt.Println(err)
		return
	}
	unix, err := net.Listen("unix", "three.sock")
	if err != nil {
		fmt.Println(err)
		return
	}
	udp, err := net.ListenPacket("udp", "localhost:20092")
	if err != nil {
		fmt.Println(err)
		return
	}
	done := make(chan string)
	go serve(tcp, done)
	go serve(unix, done)
	go func() {
		buf := make([]byte, 16)
		n, from, err := udp.ReadFrom(buf)
		udp.WriteTo(buf[:n], from)
		done <- fmt.Sprintf("%s %s %v", udp.LocalAddr(), buf[:n], err)
	}()
	for i := 0; i < 3; i++ {
		fmt.Println(<-done)
	}
	tcp.Close()
	unix.Close()
	udp.Close()
}
