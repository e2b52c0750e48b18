package main

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
)

func main() {
	cat := exec.Command("/bin/sh", "-c", "sleep 0.2; cat; sleep 0.1")
	in, err := cat.StdinPipe()
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := cat.StdoutPipe()
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := cat.Start(); err != nil {
		fmt.Println(err)
		return
	}
	io.WriteString(in, "through the child")
	in.Close()
	text, err := io.ReadAll(out)
	fmt.Printf("%q %v\n", text, err)
	fmt.Println(cat.Wait())
	fmt.Println(exec.Command("/bin/sh", "-c", "exit 3").Run())
	fmt.Println(exec.Command("/bin/sh", "-c", "kill -9 $$").Run())
	text, err = exec.Command("/bin/sh", "-c", "sleep 0.2; echo out; sleep 0.1; echo err >&2; sleep 0.1; exit 4").Output()
	var exit *exec.ExitError
	errors.As(err, &exit)
	fmt.Printf("%q %q %v\n", text, exit.Stderr, err)
}
