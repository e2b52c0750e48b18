package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	r, w, err := os.Pipe()
	if err != nil {
		fmt.Println(err)
		return
	}
	buf := make([]byte, 16)
	fmt.Println(r.SetReadDeadline(time.Now().Add(50 * time.Millisecond)))
	_, err = r.Read(buf)
	fmt.Println(err)
	fmt.Println(r.SetDeadline(time.Time{}))
	fmt.Println(w.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)))
	n, err := w.Write(make([]byte, 100000))
	fmt.Println(n, err)
	_, err = w.Write([]byte("x"))
	fmt.Println(err)
	r.Close()
	r, w, err = os.Pipe()
	if err != nil {
		fmt.Println(err)
		return
	}
	done := make(chan error)
	go func() {
		_, err := r.Read(buf)
		done <- err
	}()
	time.Sleep(30 * time.Millisecond)
	fmt.Println(r.Close())
	fmt.Println(<-done)
	_, err = w.Write([]byte("x"))
	fmt.Println(err)
	fmt.Println(w.Close())
	fmt.Println(w.Close())
}
