package main

import (
	"crypto/rsa"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"golang.org/x/time/rate"
)

const queueLength = 5000

// event is the nine keys that are known; another one refuses the request.
type event struct {
	UUID         string                     `json:"uuid"`
	Output       string                     `json:"output"`
	Priority     string                     `json:"priority"`
	Rule         string                     `json:"rule"`
	Time         time.Time                  `json:"time"`
	Source       string                     `json:"source"`
	OutputFields map[string]json.RawMessage `json:"output_fields"`
	Hostname     string                     `json:"hostname"`
	Tags         []string                   `json:"tags"`

	cluster string
}

type claims struct {
	jwt.RegisteredClaims
	Falco struct {
		ClusterIdentity string `json:"cluster-identity"`
	} `json:"gardener-falco"`
}

var (
	succeeded = promauto.NewHistogram(prometheus.HistogramOpts{Name: "requests_success_total"})
	failed    = promauto.NewHistogram(prometheus.HistogramOpts{Name: "requests_failure_total"})
	ofCluster = promauto.NewCounterVec(prometheus.CounterOpts{Name: "requests_cluster_success_total"}, []string{"cluster"})
)

type receiver struct {
	keys  []*rsa.PublicKey
	all   *rate.Limiter
	daily int
	queue chan<- event

	mutex   sync.Mutex
	buckets map[string]*rate.Limiter
}

func newReceiver(keys []*rsa.PublicKey, daily int, queue chan<- event) *receiver {
	return &receiver{
		keys: keys, all: rate.NewLimiter(1e11, 1e11), daily: daily, queue: queue,
		buckets: map[string]*rate.Limiter{},
	}
}

// bucket: a day's limit as a rate, a third of it at once.
func (r *receiver) bucket(cluster string) *rate.Limiter {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	found, ok := r.buckets[cluster]
	if !ok {
		found = rate.NewLimiter(rate.Limit(float64(r.daily)/(24*60*60)), r.daily/3)
		r.buckets[cluster] = found
	}
	return found
}

func (r *receiver) verified(token string) (*claims, error) {
	var last error
	for _, key := range r.keys {
		said := &claims{}
		_, err := jwt.ParseWithClaims(token, said, func(*jwt.Token) (any, error) { return key, nil },
			jwt.WithValidMethods([]string{"RS256"}), jwt.WithAudience("falco-db"),
			jwt.WithIssuer("urn:gardener:gardener-falco-extension"), jwt.WithExpirationRequired())
		if err == nil {
			return said, nil
		}
		last = err
	}
	return nil, last
}

func (r *receiver) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	begin := time.Now()
	refuse := func(status int, why string) {
		slog.Error("refused", "status", status, "why", why)
		failed.Observe(time.Since(begin).Seconds())
		http.Error(answer, why, status)
	}
	if !r.all.Allow() {
		refuse(http.StatusTooManyRequests, "Too Many Requests")
		return
	}
	parts := strings.Split(request.Header.Get("Authorization"), "Bearer ")
	if len(parts) != 2 {
		refuse(http.StatusUnauthorized, "valid token required")
		return
	}
	said, err := r.verified(parts[1])
	if err != nil || said.Falco.ClusterIdentity == "" {
		refuse(http.StatusUnauthorized, "valid token required")
		return
	}
	cluster := said.Falco.ClusterIdentity
	if !r.bucket(cluster).Allow() {
		refuse(http.StatusTooManyRequests, "too many requests")
		return
	}
	received := event{cluster: cluster}
	decoder := json.NewDecoder(request.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&received); err != nil {
		refuse(http.StatusBadRequest, "cannot parse http body")
		return
	}
	var told string
	if err := json.Unmarshal(received.OutputFields["cluster_id"], &told); err != nil || told != cluster {
		refuse(http.StatusBadRequest, "token and event are mismatched")
		return
	}
	late := time.NewTimer(5 * time.Second)
	defer late.Stop()
	select {
	case r.queue <- received:
	case <-late.C:
		refuse(http.StatusInternalServerError, "queue is full")
		return
	}
	answer.WriteHeader(http.StatusOK)
	succeeded.Observe(time.Since(begin).Seconds())
	ofCluster.WithLabelValues(cluster).Inc()
}
