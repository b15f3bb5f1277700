package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"time"
)

// event has the keys of a webhook body, in their order on the wire.
type event struct {
	UUID         string                 `json:"uuid"`
	Output       string                 `json:"output"`
	Priority     string                 `json:"priority"`
	Rule         string                 `json:"rule"`
	Time         time.Time              `json:"time"`
	OutputFields map[string]interface{} `json:"output_fields"`
	Source       string                 `json:"source"`
	Tags         []string               `json:"tags,omitempty"`
	Hostname     string                 `json:"hostname,omitempty"`
}

// convert reads what Falco posts and returns what the webhook gets: numbers keep their text, the uuid
// is new, the time loses zeros at the end of its fraction, tags are sorted, custom fields overwrite.
func convert(from io.Reader, custom map[string]string) ([]byte, error) {
	decoder := json.NewDecoder(from)
	decoder.UseNumber()
	var e event
	if err := decoder.Decode(&e); err != nil {
		return nil, err
	}
	if e.Priority == "" || e.Rule == "" || e.Time.IsZero() || len(e.OutputFields) == 0 {
		return nil, errors.New("priority, rule, time and output_fields are required")
	}
	e.UUID = newUUID()
	for key, value := range custom {
		e.OutputFields[key] = value
	}
	if e.Source == "" {
		e.Source = "syscalls"
	}
	sort.Strings(e.Tags)
	var body bytes.Buffer
	err := json.NewEncoder(&body).Encode(e)
	return body.Bytes(), err
}

func newUUID() string {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(err)
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
