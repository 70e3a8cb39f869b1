// Go's crypto/tls as a peer, in the manner of peer.c:
//
//	peer server CERTS   one port for each key, curve and manner; prints "listen KEY CURVE PORT MANNER" and "ready"
//	peer client CERTS   jobs "ID PORT KEY SUITE CURVE BYTES CHUNK [MANNER]" on standard input, "ID ok" or "ID failed why"
//
// Manners of a server: echo; drip (echoes each byte in a record of its own); cut (echoes once, then ends the TCP
// connection without close_notify); name (answers with the server name and application protocol it was asked for);
// ticket (echoes, and issues session tickets); renew (the same, with a new key for each connection, so that tickets under the
// one before are taken and renewed); auth (echoes, and requires a client certificate); staple (echoes, and
// sends the OCSP response of CERTS/KEY-staple.der, read anew each time).
// Manners of a client: staple (the server must send just that response); echo (both directions at the same time); auth-KEY (shows that client certificate); cut (drops the TCP connection after the echo); resume
// (two connections, of which the second must resume the first); fleet (PORT is PORT,PORT: BYTES times CHUNK connections
// that go to both servers in turn; of each BYTES all but the first must be resumed; prints how many each second).
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net"
	"os"
	"strings"
	"time"
)

var keys = []string{"rsa", "p256", "p384", "p521", "ed25519"}
var curveNames = []string{"x25519", "secp256r1", "secp384r1", "secp521r1"}
var curves = map[string]tls.CurveID{"x25519": tls.X25519, "secp256r1": tls.CurveP256, "secp384r1": tls.CurveP384,
	"secp521r1": tls.CurveP521}
var ownCurve = map[string]tls.CurveID{"p256": tls.CurveP256, "p384": tls.CurveP384, "p521": tls.CurveP521}
var suites = map[string][]uint16{
	"aes128": {tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
	"aes256": {tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384},
	"chacha": {tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256},
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "server" {
		serve(os.Args[2])
	} else if len(os.Args) == 3 && os.Args[1] == "client" {
		client(os.Args[2])
	} else {
		fmt.Fprintln(os.Stderr, "usage: peer server|client CERTS")
		os.Exit(2)
	}
}

func serve(certs string) {
	for _, key := range keys {
		pair, err := tls.LoadX509KeyPair(certs+"/"+key+"-chain.pem", certs+"/"+key+".key")
		for _, curve := range curveNames {
			if err != nil {
				fmt.Printf("unable %s %s echo %v\n", key, curve, err)
				continue
			}
			for _, manner := range []string{"echo", "drip", "cut", "name", "ticket", "renew", "auth", "staple"} {
				if manner != "echo" && curve != "x25519" {
					continue
				}
				config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12,
					MaxVersion: tls.VersionTLS12, CurvePreferences: withOwn(key, curve), SessionTicketsDisabled: manner != "ticket" && manner != "renew",
					NextProtos: []string{"h2", "http/1.1", "echo"}}
				if manner == "echo" || manner == "ticket" || manner == "renew" || manner == "auth" || manner == "staple" {
					config.NextProtos = nil
				}
				if manner == "auth" {
					config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, roots(certs)
				}
				if manner == "staple" {
					stapled, file := pair, certs+"/"+key+"-staple.der"
					config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
						response, err := os.ReadFile(file)
						stapled.OCSPStaple = response
						return &stapled, err
					}
				}
				port, err := net.Listen("tcp", "127.0.0.1:0")
				check(err)
				fmt.Printf("listen %s %s %d %s\n", key, curve, port.Addr().(*net.TCPAddr).Port, manner)
				go accept(port, config, manner)
			}
		}
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
}

func roots(certs string) *x509.CertPool {
	pem, err := os.ReadFile(certs + "/ca.pem")
	check(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return pool
}

func withOwn(key, curve string) []tls.CurveID {
	list := []tls.CurveID{curves[curve]}
	if own, has := ownCurve[key]; has && own != curves[curve] {
		list = append(list, own)
	}
	return list
}

func accept(port net.Listener, config *tls.Config, manner string) {
	ticketKeys := make([][32]byte, 2)
	for {
		raw, err := port.Accept()
		if err != nil {
			return
		}
		if manner == "renew" {
			ticketKeys[1] = ticketKeys[0]
			rand.Read(ticketKeys[0][:])
			config.SetSessionTicketKeys(ticketKeys)
		}
		go func() {
			raw.SetDeadline(time.Now().Add(240 * time.Second))
			c := tls.Server(raw, config)
			if err := answer(c, raw, manner); err != nil {
				fmt.Fprintf(os.Stderr, "server %s: %v\n", manner, err)
			}
			raw.Close()
		}()
	}
}

func answer(c *tls.Conn, raw net.Conn, manner string) error {
	buffer := make([]byte, 65536)
	if err := c.Handshake(); err != nil {
		return err
	}
	if manner == "name" {
		s := c.ConnectionState()
		fmt.Fprintf(c, "%s %s\n", s.ServerName, s.NegotiatedProtocol)
		return c.Close()
	}
	for {
		n, err := c.Read(buffer)
		for at := 0; at < n; {
			size := n
			if manner == "drip" {
				size = 1
			}
			if _, err := c.Write(buffer[at : at+size]); err != nil {
				return err
			}
			at += size
		}
		if n > 0 && manner == "cut" {
			return raw.Close()
		}
		if err == io.EOF {
			return c.Close()
		}
		if err != nil {
			return err
		}
	}
}

func client(certs string) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 7 {
			fmt.Printf("%s failed the job can't be read\n", f[0])
			continue
		}
		manner := "echo"
		if len(f) > 7 {
			manner = f[7]
		}
		if manner == "resume" || manner == "fleet" {
			if told, err := resume(certs, strings.Split(f[1], ","), f[2], f[3], f[4], number(f[5]), number(f[6]), manner); err != nil {
				fmt.Printf("%s failed %v\n", f[0], strings.ReplaceAll(err.Error(), "\n", " "))
			} else {
				fmt.Printf("%s ok %s\n", f[0], told)
			}
			continue
		}
		if err := job(certs, f[1], f[2], f[3], f[4], number(f[5]), number(f[6]), manner); err != nil {
			fmt.Printf("%s failed %v\n", f[0], strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Printf("%s ok\n", f[0])
		}
	}
}

// By our short name, or by the registry's.
func suitesOf(name string) []uint16 {
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if s.Name == name {
			return []uint16{s.ID}
		}
	}
	return suites[name]
}

func job(certs, port, key, suite, curve string, size, chunk int, manner string) error {
	pem, err := os.ReadFile(certs + "/" + key + "-root.pem")
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	raw, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		return err
	}
	defer raw.Close()
	raw.SetDeadline(time.Now().Add(240 * time.Second))
	config := &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12,
		MaxVersion: tls.VersionTLS12, CipherSuites: suitesOf(suite), CurvePreferences: withOwn(key, curve)}
	if own := strings.TrimPrefix(manner, "auth-"); own != manner {
		pair, err := tls.LoadX509KeyPair(certs+"/"+own+"-client-chain.pem", certs+"/"+own+"-client.key")
		if err != nil {
			return err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	c := tls.Client(raw, config)
	if err := c.Handshake(); err != nil {
		return err
	}
	if manner == "staple" {
		response, err := os.ReadFile(certs + "/" + key + "-staple.der")
		if err != nil || !bytes.Equal(c.OCSPResponse(), response) {
			return fmt.Errorf("a staple of %d bytes came, not the one of %d: %v", len(c.OCSPResponse()), len(response), err)
		}
	}
	out, in := make([]byte, size), make([]byte, size)
	rand.New(rand.NewSource(1)).Read(out)
	sent := make(chan error, 1)
	go func() {
		for at := 0; at < size; at += chunk {
			end := at + chunk
			if end > size {
				end = size
			}
			if _, err := c.Write(out[at:end]); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	if _, err := io.ReadFull(c, in); err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	if err := <-sent; err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	if !bytes.Equal(in, out) {
		return errors.New("other bytes came back than were sent")
	}
	if manner == "cut" {
		return nil
	}
	if err := c.CloseWrite(); err != nil {
		return err
	}
	if n, err := c.Read(in); n != 0 || err != io.EOF {
		return fmt.Errorf("instead of the server's close_notify: %d bytes, %v", n, err)
	}
	return nil
}

// Each round begins with a full handshake; every further connection of it must be resumed.
func resume(certs string, ports []string, key, suite, curve string, each, rounds int, manner string) (string, error) {
	pem, err := os.ReadFile(certs + "/" + key + "-root.pem")
	if err != nil {
		return "", err
	}
	if manner == "resume" {
		each, rounds = 2, 1
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	began := time.Now()
	for round := 0; round < rounds; round++ {
		config := &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12,
			MaxVersion: tls.VersionTLS12, CipherSuites: suites[suite], CurvePreferences: withOwn(key, curve),
			ClientSessionCache: tls.NewLRUClientSessionCache(4)}
		for i := 0; i < each; i++ {
			c, err := tls.Dial("tcp", "127.0.0.1:"+ports[i%len(ports)], config)
			if err != nil {
				return "", fmt.Errorf("round %d, connection %d: %w", round, i, err)
			}
			resumed := c.ConnectionState().DidResume
			said := []byte("hello")
			heard := make([]byte, len(said))
			if _, err = c.Write(said); err == nil {
				_, err = io.ReadFull(c, heard)
			}
			c.Close()
			if err != nil || !bytes.Equal(said, heard) {
				return "", fmt.Errorf("round %d, connection %d: no echo: %v", round, i, err)
			}
			if resumed != (i > 0) {
				return "", fmt.Errorf("round %d, connection %d: resumed: %v", round, i, resumed)
			}
		}
	}
	return fmt.Sprintf("%.0f", float64(each*rounds)/time.Since(began).Seconds()), nil
}

func number(s string) int {
	n := 0
	fmt.Sscan(s, &n)
	return n
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
