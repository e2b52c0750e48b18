package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	in, err := os.Open("data.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := os.Create("out.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := io.CopyN(out, in, 10)
	fmt.Println(n, err)
	n, err = io.Copy(out, in)
	fmt.Println(n, err)
	n, err = io.Copy(out, in)
	fmt.Println(n, err)
	n, err = io.CopyN(out, in, 5)
	fmt.Println(n, err)
	out.Close()
	out, err = os.OpenFile("out.txt", os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	in.Seek(0, io.SeekStart)
	n, err = io.CopyN(out, in, 20)
	fmt.Println(n, err)
	out.Close()
	u, err := net.Dial("unix", "peer.sock")
	if err != nil {
		fmt.Println(err)
		return
	}
	in.Seek(0, io.SeekStart)
	n, err = io.CopyN(u, in, 7)
	fmt.Println(n, err)
	n, err = io.Copy(u, in)
	fmt.Println(n, err)
	u.Close()
	in.Close()
}
