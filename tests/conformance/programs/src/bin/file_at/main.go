package main

import (
	"fmt"
	"os"
)

func main() {
	f, err := os.Create("at.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := f.WriteAt([]byte("some text"), 3)
	fmt.Println(n, err)
	n, err = f.WriteAt(nil, 3)
	fmt.Println(n, err)
	buf := make([]byte, 16)
	n, err = f.ReadAt(buf[:4], 3)
	fmt.Println(n, err)
	n, err = f.ReadAt(buf, 3)
	fmt.Println(n, err)
	n, err = f.ReadAt(buf, 100)
	fmt.Println(n, err)
	n, err = f.ReadAt(nil, 3)
	fmt.Println(n, err)
	f.Close()
	_, err = f.ReadAt(buf, 3)
	fmt.Println(err)
	_, err = f.ReadAt(nil, 3)
	fmt.Println(err)
	_, err = f.WriteAt(buf, 3)
	fmt.Println(err)
	a, err := os.OpenFile("at.txt", os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = a.WriteAt(buf, 3)
	fmt.Println(err)
	_, err = a.ReadAt(buf, 3)
	fmt.Println(err)
	a.Close()
}
