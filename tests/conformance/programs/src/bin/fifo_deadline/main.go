package main

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

func main() {
	fmt.Println(syscall.Mkfifo("named.fifo", 0o600))
	f, err := os.OpenFile("named.fifo", os.O_RDWR, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	buf := make([]byte, 16)
	fmt.Println(f.SetReadDeadline(time.Now().Add(50 * time.Millisecond)))
	_, err = f.Read(buf)
	fmt.Println(err)
	_, err = f.Read(buf)
	fmt.Println(err, os.IsTimeout(err))
	fmt.Println(f.SetReadDeadline(time.Time{}))
	n, err := f.Write([]byte("fifo"))
	fmt.Println(n, err)
	n, err = f.Read(buf)
	fmt.Println(string(buf[:n]), err)
	f.Close()
	fmt.Println(f.SetReadDeadline(time.Time{}))
	r, w, err := os.Pipe()
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = r.Fd()
	go func() {
		time.Sleep(50 * time.Millisecond)
		w.Write([]byte("blocking"))
	}()
	n, err = r.Read(buf)
	fmt.Println(string(buf[:n]), err)
	w.Close()
	n, err = r.Read(buf)
	fmt.Println(n, err)
	r.Close()
	_, err = r.Read(buf)
	fmt.Println(err)
}
