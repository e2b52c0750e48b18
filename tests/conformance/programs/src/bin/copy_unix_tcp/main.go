package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	u, err := net.Dial("unix", "source.sock")
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := net.Dial("tcp4", "127.0.0.1:20067")
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := io.Copy(d, u)
	fmt.Println(n, err)
	u.Close()
	r, w, err := os.Pipe()
	if err != nil {
		fmt.Println(err)
		return
	}
	w.Write([]byte("through a pipe"))
	w.Close()
	n, err = io.Copy(d, r)
	fmt.Println(n, err)
	r.Close()
	d.Close()
}
