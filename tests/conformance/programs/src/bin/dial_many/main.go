package main

import (
	"fmt"
	"net"
)

func ask() string {
	c, err := net.Dial("tcp", "127.0.0.1:20097")
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	c.Write([]byte("question"))
	buf := make([]byte, 16)
	n, err := c.Read(buf)
	return fmt.Sprintf("%s %v", buf[:n], err)
}

func main() {
	for i := 0; i < 3; i++ {
		fmt.Println(ask())
	}
	answers := make(chan string)
	for i := 0; i < 5; i++ {
		go func() { answers <- ask() }()
	}
	for i := 0; i < 5; i++ {
		fmt.Println(<-answers)
	}
}
