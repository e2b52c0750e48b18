package main

import (
	"fmt"
	"io"
	"net"
)

func main() {
	s, err := net.Dial("tcp4", "127.0.0.1:20066")
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := net.Dial("unix", "sink.sock")
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := io.Copy(v, s)
	fmt.Println(n, err)
	s.Close()
	n, err = io.CopyN(io.Discard, v, 4)
	fmt.Println(n, err)
	v.Close()
}
