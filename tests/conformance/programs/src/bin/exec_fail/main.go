package main

import (
	"fmt"
	"os/exec"
)

func main() {
	fmt.Println(exec.Command("./missing").Run() != nil)
	fmt.Println(exec.Command("no-such-program").Run() != nil)
	c := exec.Command("/etc/passwd")
	c.StdoutPipe()
	fmt.Println(c.Start() != nil)
	c = exec.Command("./missing")
	c.StdinPipe()
	c.StderrPipe()
	fmt.Println(c.Start() != nil)
	c = exec.Command("./missing")
	c.Dir = "/no/such/folder"
	fmt.Println(c.Run() != nil)
	_, err := exec.Command("./missing").Output()
	fmt.Println(err != nil)
}
