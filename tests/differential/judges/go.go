// The judgement of Go's crypto/x509: "ok" or its error.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

func number(r io.Reader) (uint32, bool) {
	var n uint32
	return n, binary.Read(r, binary.BigEndian, &n) == nil
}

func block(r io.Reader) []byte {
	n, _ := number(r)
	out := make([]byte, n)
	if _, err := io.ReadFull(r, out); err != nil {
		os.Exit(2)
	}
	return out
}

func list(r io.Reader) (out [][]byte) {
	n, _ := number(r)
	for ; n > 0; n-- {
		out = append(out, block(r))
	}
	return
}

func judge(at int64, name string, roots, chain [][]byte) (verdict string) {
	defer func() {
		if p := recover(); p != nil {
			verdict = fmt.Sprint("panic: ", p)
		}
	}()
	trusted, rest := x509.NewCertPool(), x509.NewCertPool()
	for _, der := range roots {
		if c, err := x509.ParseCertificate(der); err == nil {
			trusted.AddCert(c)
		}
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return err.Error()
	}
	for _, der := range chain[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			rest.AddCert(c)
		}
	}
	_, err = leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: trusted, Intermediates: rest, CurrentTime: time.Unix(at, 0)})
	if err != nil {
		return err.Error()
	}
	return "ok"
}

func main() {
	r, w := bufio.NewReaderSize(os.Stdin, 1<<20), bufio.NewWriter(os.Stdout)
	defer w.Flush()
	for {
		var at int64
		if binary.Read(r, binary.BigEndian, &at) != nil {
			return
		}
		name := string(block(r))
		roots, chain := list(r), list(r)
		fmt.Fprintln(w, strings.ReplaceAll(judge(at, name, roots, chain), "\n", " "))
	}
}
