package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	c, err := net.Dial("tcp4", "127.0.0.1:20065")
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := os.Create("out.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := io.Copy(out, c)
	fmt.Println(n, err)
	c.Close()
	out.Close()
}
