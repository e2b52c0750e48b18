package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	s, err := net.Dial("tcp4", "127.0.0.1:20066")
	if err != nil {
		fmt.Println(err)
		return
	}
	r, w, err := os.Pipe()
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := io.CopyN(w, s, 14)
	fmt.Println(n, err)
	w.Close()
	buf := make([]byte, 64)
	k, err := r.Read(buf)
	fmt.Println(string(buf[:k]), err)
	r.Close()
	s.Close()
}
