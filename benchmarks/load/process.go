package main

// What a broker costs, read from /proc: CPU time and resident memory of the process and all it started.

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const clockTicksPerSecond = 100 // USER_HZ, the same on all Linux ports that Go knows

type usage struct {
	cpuSeconds    float64
	residentBytes int64
}

func usageOf(pid int) (total usage) {
	if pid == 0 {
		return total
	}
	for _, p := range append(descendants(pid), pid) {
		fields := statOf(p)
		if len(fields) < 22 {
			continue
		}
		user, _ := strconv.ParseFloat(fields[11], 64)
		system, _ := strconv.ParseFloat(fields[12], 64)
		pages, _ := strconv.ParseInt(fields[21], 10, 64)
		total.cpuSeconds += (user + system) / clockTicksPerSecond
		total.residentBytes += pages * int64(os.Getpagesize())
	}
	return total
}

// statOf gives the fields of /proc/PID/stat behind the command's name; the first is the state.
func statOf(pid int) []string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
}

func descendants(pid int) (found []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		b, _ := os.ReadFile(list)
		for _, child := range strings.Fields(string(b)) {
			id, _ := strconv.Atoi(child)
			found = append(append(found, id), descendants(id)...)
		}
	}
	return found
}
