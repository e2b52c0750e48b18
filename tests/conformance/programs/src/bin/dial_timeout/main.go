package main

import (
	"context"
	"fmt"
	"net"
	"time"
)

func main() {
	_, err := net.DialTimeout("tcp", "127.0.0.1:20044", 80*time.Millisecond)
	fmt.Println(err)
	d := net.Dialer{Deadline: time.Now().Add(-time.Second)}
	_, err = d.Dial("tcp", "127.0.0.1:20044")
	fmt.Println(err)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err = (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:20044")
	fmt.Println(err)
	_, err = (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:20044")
	fmt.Println(err)
}
