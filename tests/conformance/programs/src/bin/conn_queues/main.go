package main

import (
	"bytes"
	"fmt"
	"net"
	"time"
)

func main() {
	c, err := net.Dial("tcp", "127.0.0.1:20061")
	if err != nil {
		fmt.Println(err)
		return
	}
	c.(*net.TCPConn).SetWriteBuffer(65536)
	done := make(chan string)
	for i := 0; i < 2; i++ {
		go func() {
			buf := make([]byte, 16)
			n, err := c.Read(buf)
			done <- fmt.Sprintf("reader %d: %s %v", i, buf[:n], err)
		}()
		time.Sleep(20 * time.Millisecond)
	}
	fmt.Println(<-done)
	fmt.Println(<-done)
	for i := 0; i < 2; i++ {
		go func() {
			n, err := c.Write(bytes.Repeat([]byte{byte('a' + i)}, 8<<20))
			done <- fmt.Sprintf("writer %d: %d %v", i, n, err)
		}()
		time.Sleep(20 * time.Millisecond)
	}
	fmt.Println(<-done)
	fmt.Println(<-done)
	c.Close()
}
