// The work of issue 3's table by go-smb2, which signs always: prints one line of JSON with what it reached.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"net"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hirochachacha/go-smb2"
)

const size = 4096

type settings struct {
	address, share, user, password string
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func mount(s settings) *smb2.Share {
	conn, err := net.Dial("tcp", s.address)
	fail(err)
	dialer := &smb2.Dialer{Initiator: &smb2.NTLMInitiator{User: s.user, Password: s.password}}
	session, err := dialer.Dial(conn)
	fail(err)
	share, err := session.Mount(s.share)
	fail(err)
	return share
}

func cpuMicros() int64 {
	var usage syscall.Rusage
	fail(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return (usage.Utime.Sec+usage.Stime.Sec)*1e6 + int64(usage.Utime.Usec+usage.Stime.Usec)
}

// Open, read, close, one request at a time.
func sequential(share *smb2.Share, name string, until time.Time) int64 {
	buffer := make([]byte, size)
	var count int64
	for time.Now().Before(until) {
		file, err := share.Open(name)
		fail(err)
		_, err = file.ReadAt(buffer, 0)
		fail(err)
		fail(file.Close())
		count++
	}
	return count
}

// Reads of random blocks, so many of them in flight on each file.
func reads(files []*smb2.File, depth int, blocks int64, until time.Time) int64 {
	var total int64
	var group sync.WaitGroup
	for i, file := range files {
		for lane := 0; lane < depth; lane++ {
			group.Add(1)
			go func(file *smb2.File, seed int64) {
				defer group.Done()
				random := rand.New(rand.NewSource(seed))
				buffer := make([]byte, size)
				var count int64
				for time.Now().Before(until) {
					_, err := file.ReadAt(buffer, random.Int63n(blocks)*size)
					fail(err)
					count++
				}
				atomic.AddInt64(&total, count)
			}(file, int64(i*depth+lane))
		}
	}
	group.Wait()
	return total
}

// Quantiles of times in milliseconds.
func quantiles(times []float64) map[string]float64 {
	sort.Float64s(times)
	at := func(part float64) float64 {
		if len(times) == 0 {
			return 0
		}
		return times[int(part*float64(len(times)-1))]
	}
	return map[string]float64{"p50": at(0.5), "p99": at(0.99)}
}

// Many users, each on a connection of its own: open, write 4 KiB, read it, close, then think. "####" in the user's name
// stands for the user's number.
func manyUsers(s settings, users int, stagger, think, seconds float64) {
	start := time.Now()
	until := start.Add(time.Duration(seconds * 1e9))
	var group sync.WaitGroup
	var lock sync.Mutex
	byCommand := map[string][]float64{}
	var all []float64
	var failed int64
	for i := 0; i < users; i++ {
		group.Add(1)
		go func(number int) {
			defer group.Done()
			time.Sleep(time.Duration(float64(number) / float64(users) * stagger * 1e9))
			conn, err := net.Dial("tcp", s.address)
			if err != nil {
				atomic.AddInt64(&failed, 1)
				return
			}
			user := strings.Replace(s.user, "####", fmt.Sprintf("%04d", number+1), 1)
			dialer := &smb2.Dialer{Initiator: &smb2.NTLMInitiator{User: user, Password: s.password}}
			session, err := dialer.Dial(conn)
			if err != nil {
				atomic.AddInt64(&failed, 1)
				return
			}
			share, err := session.Mount(s.share)
			if err != nil {
				atomic.AddInt64(&failed, 1)
				return
			}
			random := rand.New(rand.NewSource(int64(number)))
			block := make([]byte, size)
			name := fmt.Sprintf("go-%04d.dat", number)
			for time.Now().Before(until) {
				timed := func(command string, work func() error) bool {
					begin := time.Now()
					err := work()
					took := float64(time.Since(begin).Nanoseconds()) / 1e6
					if err != nil {
						atomic.AddInt64(&failed, 1)
						return false
					}
					lock.Lock()
					byCommand[command] = append(byCommand[command], took)
					all = append(all, took)
					lock.Unlock()
					return true
				}
				var file *smb2.File
				if timed("CREATE", func() (err error) { file, err = share.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644); return }) {
					timed("WRITE", func() error { _, err := file.WriteAt(block, 0); return err })
					timed("READ", func() error { _, err := file.ReadAt(block, 0); return err })
					timed("CLOSE", file.Close)
				}
				time.Sleep(time.Duration(think * (0.9 + 0.2*random.Float64()) * 1e9))
			}
		}(i)
	}
	group.Wait()
	commands := map[string]any{}
	for command, times := range byCommand {
		commands[command] = quantiles(times)
	}
	fail(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"count": len(all), "failed": failed, "seconds": time.Since(start).Seconds(),
		"times": map[string]any{"all": quantiles(all), "commands": commands},
	}))
}

func main() {
	var s settings
	flag.StringVar(&s.address, "address", "", "host:port")
	flag.StringVar(&s.share, "share", "", "share")
	flag.StringVar(&s.user, "user", "", "user")
	flag.StringVar(&s.password, "password", "", "password")
	work := flag.String("work", "", "sequential, reads or users")
	stagger := flag.Float64("stagger", 0, "seconds over which users begin")
	think := flag.Float64("think", 1, "seconds between two rounds of a user, on the average")
	name := flag.String("file", "", "file to read")
	blocks := flag.Int64("blocks", 1, "blocks of 4 KiB in the file")
	connections := flag.Int("connections", 1, "connections")
	depth := flag.Int("depth", 1, "requests in flight on each connection")
	seconds := flag.Float64("seconds", 1, "for how long")
	warm := flag.Float64("warm", 0.3, "seconds before what is counted")
	flag.Parse()

	if *work == "users" {
		manyUsers(s, *connections, *stagger, *think, *seconds)
		return
	}
	shares := make([]*smb2.Share, *connections)
	for i := range shares {
		shares[i] = mount(s)
	}
	run := func(seconds float64) int64 {
		return sequential(shares[0], *name, time.Now().Add(time.Duration(seconds*1e9)))
	}
	if *work == "reads" {
		files := make([]*smb2.File, len(shares))
		for i, share := range shares {
			file, err := share.Open(*name)
			fail(err)
			files[i] = file
		}
		run = func(seconds float64) int64 {
			return reads(files, *depth, *blocks, time.Now().Add(time.Duration(seconds*1e9)))
		}
	}
	run(*warm)
	cpu, start := cpuMicros(), time.Now()
	count := run(*seconds)
	fail(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"count":     count,
		"seconds":   time.Since(start).Seconds(),
		"cpuMicros": cpuMicros() - cpu,
	}))
}
