package main

import (
	"fmt"
	"net"
)

func try(network, address string) {
	c, err := net.Dial(network, address)
	if err != nil {
		fmt.Println(err)
		return
	}
	buf := make([]byte, 8)
	n, err := c.Read(buf)
	fmt.Println(c.RemoteAddr(), string(buf[:n]), err)
	c.Close()
}

func main() {
	try("tcp", "dual.example:20041")
	try("tcp", "dual.example:20042")
	try("tcp4", "dual.example:20041")
	try("tcp6", "dual.example:20041")
	try("tcp", "dual.example:20043")
}
