package main

import (
	"fmt"
	"net"
)

func main() {
	for _, addr := range []string{"two.example:20140", "both.example:20140", "none.example:20140"} {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(c.RemoteAddr())
		buf := make([]byte, 8)
		n, err := c.Read(buf)
		fmt.Println(string(buf[:n]), err)
		c.Close()
	}
}
