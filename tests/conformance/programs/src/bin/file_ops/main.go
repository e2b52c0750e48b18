package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	_, err := os.Open("missing.txt")
	fmt.Println(err)
	f, err := os.Create("made.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := f.Write([]byte("some text"))
	fmt.Println(n, err)
	fmt.Println(f.SetDeadline(time.Now()))
	at, err := f.Seek(5, io.SeekStart)
	fmt.Println(at, err)
	buf := make([]byte, 16)
	n, err = f.Read(buf)
	fmt.Println(string(buf[:n]), err)
	n, err = f.Read(buf)
	fmt.Println(n, err)
	n, err = f.Read(nil)
	fmt.Println(n, err)
	fmt.Println(f.Close())
	fmt.Println(f.Close())
	_, err = f.Write([]byte("x"))
	fmt.Println(err)
	r, err := os.Open("made.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = r.Write([]byte("x"))
	fmt.Println(err)
	r.Close()
	d, err := os.Open(".")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = d.Read(buf)
	fmt.Println(err)
	d.Close()
	_, err = os.Create("no/such/folder")
	fmt.Println(err)
	p, err := os.Open("/proc/self/stat")
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err = p.Read(buf[:1])
	fmt.Println(n, err)
	p.Close()
}
