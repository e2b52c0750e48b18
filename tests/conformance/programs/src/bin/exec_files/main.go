package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"
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
	c := exec.Command("/bin/sh", "-c", "pwd; echo $WORD; cat")
	c.Stdin, c.Stdout = in, out
	c.Dir = "/"
	c.Env = []string{"WORD=up", "PWD=/"}
	fmt.Println(c.Run())
	in.Close()
	out.Close()
	back, err := os.Open("out.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	buf := make([]byte, 64)
	n, err := back.Read(buf)
	fmt.Printf("%q %v\n", buf[:n], err)
	back.Close()
	c = exec.Command("/bin/sh", "-c", "exec sleep 10")
	fmt.Println(c.Start())
	time.Sleep(100 * time.Millisecond)
	fmt.Println(c.Process.Kill())
	fmt.Println(c.Wait())
}
