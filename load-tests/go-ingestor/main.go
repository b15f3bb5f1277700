// A receiver that does what the Go falco-event-ingestor is documented to do, for comparisons where
// the original cannot be had: the same port, flags, configuration and keys file, the same steps in
// the same order, an answer before the event is stored, one consumer that copies what the queue
// holds, and its table. It is ours and not the original: what it costs says about Go and the design,
// not about that program.
package main

import (
	"context"
	"crypto/rsa"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"sigs.k8s.io/yaml"
)

type configuration struct {
	Postgres struct {
		User   string `json:"user"`
		Host   string `json:"host"`
		Port   int    `json:"port"`
		DBName string `json:"dbname"`
	} `json:"postgres"`
	Server struct {
		Port int `json:"port"`
	} `json:"server"`
}

type storedKey struct {
	PublicKey string    `json:"publicKey"`
	Created   time.Time `json:"created"`
}

func read(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return yaml.Unmarshal(text, into)
}

// keysFrom gives the file's keys, the newest first.
func keysFrom(path string) ([]*rsa.PublicKey, error) {
	stored := map[string]storedKey{}
	if err := read(path, &stored); err != nil {
		return nil, err
	}
	var order []storedKey
	for _, key := range stored {
		order = append(order, key)
	}
	sort.Slice(order, func(i, j int) bool { return order[i].Created.After(order[j].Created) })
	var keys []*rsa.PublicKey
	for _, key := range order {
		public, err := jwt.ParseRSAPublicKeyFromPEM([]byte(key.PublicKey))
		if err != nil {
			return nil, err
		}
		keys = append(keys, public)
	}
	return keys, nil
}

func run() error {
	configFile := flag.String("config-file", "", "")
	keysFile := flag.String("keys-file", "", "")
	passwordFile := flag.String("postgres-password-file", "", "")
	certificate := flag.String("tls-certificate", "", "")
	key := flag.String("tls-key", "", "")
	daily := flag.Int("cluster-daily-event-limit", 10000, "")
	flag.Parse()

	var config configuration
	if err := read(*configFile, &config); err != nil {
		return err
	}
	keys, err := keysFrom(*keysFile)
	if err != nil {
		return err
	}
	password, err := os.ReadFile(*passwordFile)
	if err != nil {
		return err
	}
	target, err := pgxpool.ParseConfig("")
	if err != nil {
		return err
	}
	target.ConnConfig.User = config.Postgres.User
	target.ConnConfig.Host = config.Postgres.Host
	target.ConnConfig.Port = uint16(config.Postgres.Port)
	target.ConnConfig.Database = config.Postgres.DBName
	target.ConnConfig.Password = strings.TrimSpace(string(password))
	target.ConnConfig.TLSConfig = nil
	target.ConnConfig.Fallbacks = nil
	pool, err := pgxpool.NewWithConfig(context.Background(), target)
	if err != nil {
		return err
	}
	if err := pool.Ping(context.Background()); err != nil {
		return err
	}

	queue := make(chan event, queueLength)
	go storeForever(pool, queue)
	go func() {
		metrics := http.NewServeMux()
		metrics.Handle("/metrics", promhttp.Handler())
		slog.Error("metrics ended", "error", http.ListenAndServe("127.0.0.1:8080", metrics))
	}()
	routes := http.NewServeMux()
	routes.Handle("/ingestor/api/v1/push", newReceiver(keys, *daily, queue))
	server := &http.Server{
		Addr:        "127.0.0.1:" + strconv.Itoa(config.Server.Port),
		Handler:     routes,
		ReadTimeout: 15 * time.Second,
	}
	if *certificate != "" && *key != "" {
		return server.ListenAndServeTLS(*certificate, *key)
	}
	return server.ListenAndServe()
}

func main() {
	if err := run(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		slog.Error("cannot go on", "error", err)
		os.Exit(1)
	}
}
