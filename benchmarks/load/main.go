// load drives a Kafka broker hard and costs little itself: it sends prebuilt Produce frames and drains Fetch
// answers without decoding records, so that what it measures is the broker. It speaks to any Kafka broker, needs
// Linux and nothing but Go's standard library, and prints one line of JSON.
//
//	load produce|latency|fetch|ready|group|syncs|idle [flags]
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
)

type options struct {
	broker, topic, group, folder                      string
	pid, connections, partitions, partition, inFlight int
	records, valueBytes, acks, bytesMax, tailBytes    int
	seconds, rate                                     float64
	once                                              bool
}

func parse(arguments []string) (o options) {
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	flags.StringVar(&o.broker, "broker", "127.0.0.1:9092", "the broker's address")
	flags.IntVar(&o.pid, "pid", 0, "the broker's process, for its CPU time and memory")
	flags.StringVar(&o.topic, "topic", "load", "topic")
	flags.StringVar(&o.group, "group", "load", "consumer group")
	flags.StringVar(&o.folder, "folder", ".", "where syncs measures")
	flags.IntVar(&o.connections, "connections", 1, "connections; members of a group")
	flags.IntVar(&o.partitions, "partitions", 1, "partitions; a connection uses one")
	flags.IntVar(&o.partition, "partition", 0, "the partition to fetch")
	flags.IntVar(&o.inFlight, "in-flight", 5, "requests in flight a connection")
	flags.IntVar(&o.records, "records", 100, "records a batch")
	flags.IntVar(&o.valueBytes, "bytes", 100, "bytes a record's value")
	flags.IntVar(&o.acks, "acks", -1, "1 or -1")
	flags.Float64Var(&o.seconds, "seconds", 8, "how long; for ready, how long to wait")
	flags.IntVar(&o.bytesMax, "bytes-max", 1<<40, "stop after so many bytes of batches")
	flags.Float64Var(&o.rate, "rate", 1_000, "latency: requests a second over all connections")
	flags.IntVar(&o.tailBytes, "tail", 0, "fetch: only the last so many bytes, of batches of -records and -bytes")
	flags.BoolVar(&o.once, "once", false, "fetch: stop at the end instead of starting over")
	flags.Parse(arguments)
	return o
}

func run(mode string, o options) (report, error) {
	switch mode {
	case "produce":
		o.rate = 0
		return runProduce(o)
	case "latency":
		return runProduce(o)
	case "fetch":
		return runFetch(o)
	case "ready":
		return runReady(o)
	case "group":
		return runGroup(o)
	case "syncs":
		return runSyncs(o)
	case "idle":
		return runIdle(o)
	}
	return report{}, fmt.Errorf("no mode %q: produce, latency, fetch, ready, group, syncs or idle", mode)
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "load: a mode is missing")
		os.Exit(2)
	}
	printed, err := run(os.Args[1], parse(os.Args[2:]))
	if err != nil {
		fmt.Fprintf(os.Stderr, "load %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(printed)
}
