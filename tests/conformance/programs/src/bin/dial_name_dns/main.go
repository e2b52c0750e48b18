package main

import (
	"fmt"
	"net"
	"time"
)

func main() {
	d := net.Dialer{Timeout: 5 * time.Second}
	for _, addr := range []string{"host.example.:20141", "none.example.:20141"} {
		c, err := d.Dial("tcp", addr)
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
