// Command go_event is an Aether for Go to talk to: it has its Event and
// nothing else.
//
// It writes events of its own, one a line, then an empty line. After that it
// answers each event it reads from standard input with what it decoded, and
// ends with a message when it can't decode one.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// Event is Aether for Go's, field by field and tag by tag.
type Event struct {
	ID        string                 `json:"id"`
	EventType string                 `json:"eventType"`
	ActorID   string                 `json:"actorId"`
	CommandID string                 `json:"commandId,omitempty"`
	Version   int64                  `json:"version"`
	Data      map[string]interface{} `json:"data"`
	Metadata  map[string]string      `json:"metadata,omitempty"`
	Timestamp time.Time              `json:"timestamp"`
}

func own() []Event {
	at := time.Date(2024, 5, 31, 9, 30, 0, 0, time.UTC)
	zone := func(hours, minutes int) *time.Location {
		return time.FixedZone("", (hours*60+minutes)*60)
	}
	return []Event{
		{ID: "nil data", EventType: "T", ActorID: "a", Version: 1, Timestamp: at},
		{ID: "empty data", EventType: "T", ActorID: "a", Version: 2,
			Data: map[string]interface{}{}, Metadata: map[string]string{}, Timestamp: at},
		{ID: "full", EventType: "OrderPlaced", ActorID: "order-1", CommandID: "command-1",
			Version: 9007199254740991,
			Data: map[string]interface{}{
				"z": 1, "a": -0.5, "big": 1e300, "small": 5e-324, "max": 9007199254740991,
				"null": nil, "true": true, "empty": "",
				"list": []interface{}{1, "two", nil, []int{}, map[string]int{"a": 1}},
			},
			Metadata:  map[string]string{"correlationId": "c", "": "", "a b": "ü"},
			Timestamp: at},
		{ID: "text", EventType: "Größe <>&", ActorID: "kunde.müller/7",
			Version: 3,
			Data: map[string]interface{}{
				"html": "<a href=\"x\">&amp;</a>", "<key>": "&",
				"lines": "a\nb\r\tc\u2028d\u2029e", "controls": "\x00\x01\x1f\x7f",
				"emoji": "😀👩‍👩‍👧", "bom": "\ufeff", "replaced": "\xff\xfe",
			},
			Timestamp: at},
		{ID: "nanoseconds", EventType: "T", ActorID: "a", Version: 4,
			Data: map[string]interface{}{}, Timestamp: at.Add(123456789)},
		{ID: "one nanosecond", EventType: "T", ActorID: "a", Version: 5,
			Data: map[string]interface{}{}, Timestamp: at.Add(1)},
		{ID: "tenth", EventType: "T", ActorID: "a", Version: 6,
			Data: map[string]interface{}{}, Timestamp: at.Add(100 * time.Millisecond)},
		{ID: "east", EventType: "T", ActorID: "a", Version: 7,
			Data: map[string]interface{}{}, Timestamp: at.In(zone(14, 0))},
		{ID: "west", EventType: "T", ActorID: "a", Version: 8,
			Data: map[string]interface{}{}, Timestamp: at.Add(1001).In(zone(-9, -30))},
		{ID: "leap day", EventType: "T", ActorID: "a", Version: 9,
			Data:      map[string]interface{}{},
			Timestamp: time.Date(2024, 2, 29, 23, 59, 59, 999999999, zone(5, 45))},
		{ID: "zero time", EventType: "T", ActorID: "a", Version: 10,
			Data: map[string]interface{}{}},
		{ID: "last time", EventType: "T", ActorID: "a", Version: 11,
			Data:      map[string]interface{}{},
			Timestamp: time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)},
	}
}

func run(in io.Reader, out *bufio.Writer) error {
	write := func(event Event) error {
		line, err := json.Marshal(event)
		if err != nil {
			return fmt.Errorf("encode %q: %w", event.ID, err)
		}
		out.Write(append(line, '\n'))
		return nil
	}
	for _, event := range own() {
		if err := write(event); err != nil {
			return err
		}
	}
	out.WriteByte('\n')
	if err := out.Flush(); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var event Event
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			return fmt.Errorf("decode %s: %w", lines.Text(), err)
		}
		if err := write(event); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return out.Flush()
}

func main() {
	if err := run(os.Stdin, bufio.NewWriter(os.Stdout)); err != nil {
		fmt.Fprintln(os.Stderr, "go_event:", err)
		os.Exit(1)
	}
}
