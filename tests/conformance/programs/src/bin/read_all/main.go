package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

func main() {
	ln, err := net.Listen("unix", "all.sock")
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := net.Dial("unix", "all.sock")
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := ln.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	text := bytes.Repeat([]byte("0123456789"), 4000)
	c.Write(text)
	c.Close()
	b, err := io.ReadAll(s)
	fmt.Println(bytes.Equal(b, text), err)
	s.Close()
	b, err = io.ReadAll(s)
	fmt.Println(len(b), err)
	f, err := os.Create("all.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	f.Write(text[:3000])
	f.Seek(0, io.SeekStart)
	b, err = io.ReadAll(f)
	fmt.Println(bytes.Equal(b, text[:3000]), err)
	f.Close()
	r, w, err := os.Pipe()
	if err != nil {
		fmt.Println(err)
		return
	}
	w.Write(text[:700])
	// The poller reports the write now, and not in the middle of the reads, where the last would be tried twice.
	time.Sleep(20 * time.Millisecond)
	r.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	b, err = io.ReadAll(r)
	fmt.Println(len(b), err)
	r.Close()
	w.Close()
	ln.Close()
}
