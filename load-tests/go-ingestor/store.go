package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	largestFields = 50 << 10
	copyTimeout   = 20 * time.Second
)

var (
	columns = []string{"landscape", "project", "cluster", "uuid", "hostname", "time", "rule", "priority", "tags",
		"source", "message", "output_fields"}
	shootIdentity = regexp.MustCompile(
		`^shoot--([^-]+)--(.+)-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})-(.+)$`)
)

func row(of event) ([]any, error) {
	parts := shootIdentity.FindStringSubmatch(of.cluster)
	if parts == nil {
		return nil, fmt.Errorf("cluster %q is no shoot", of.cluster)
	}
	fields, err := json.Marshal(of.OutputFields)
	if err != nil {
		return nil, err
	}
	if len(fields) > largestFields {
		return nil, fmt.Errorf("output_fields of %d bytes", len(fields))
	}
	var uuid pgtype.UUID
	if err := uuid.Scan(of.UUID); err != nil {
		return nil, err
	}
	return []any{parts[4], parts[1], parts[2], uuid, of.Hostname, of.Time.UTC(), of.Rule, of.Priority,
		strings.Join(of.Tags, ","), of.Source, of.Output, fields}, nil
}

// storeForever copies what the queue holds at the moment, again and again. What fails is gone.
func storeForever(pool *pgxpool.Pool, queue <-chan event) {
	for first := range queue {
		batch := []event{first}
		for more := len(queue); more > 0; more-- {
			batch = append(batch, <-queue)
		}
		if err := store(pool, batch); err != nil {
			slog.Error("batch is lost", "events", len(batch), "error", err)
			continue
		}
		slog.Info("stored", "events", len(batch))
	}
}

func store(pool *pgxpool.Pool, batch []event) error {
	rows := make([][]any, 0, len(batch))
	for _, each := range batch {
		made, err := row(each)
		if err != nil {
			return err
		}
		rows = append(rows, made)
	}
	limit, cancel := context.WithTimeout(context.Background(), copyTimeout)
	defer cancel()
	_, err := pool.CopyFrom(limit, pgx.Identifier{"falco_events"}, columns, pgx.CopyFromRows(rows))
	return err
}
