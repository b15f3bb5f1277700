// webhook-sender receives Falco events over HTTP and posts them to a webhook the way Falcosidekick's
// webhook output is documented to: Go's own HTTP client and JSON encoder, one request in flight, no
// retry, success only with 200, 201, 202 or 204. It is not Falcosidekick; see ../README.md.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"sync/atomic"
)

// settings are the keys of Falcosidekick's configuration that are understood here.
type settings struct {
	ListenAddress string            `json:"listenaddress"`
	ListenPort    int               `json:"listenport"`
	CustomFields  map[string]string `json:"customfields"`
	TLSClient     struct {
		CACertFile string `json:"cacertfile"`
	} `json:"tlsclient"`
	Webhook struct {
		Address               string            `json:"address"`
		Method                string            `json:"method"`
		CheckCert             bool              `json:"checkcert"`
		CustomHeaders         map[string]string `json:"customheaders"`
		MaxConcurrentRequests int               `json:"maxconcurrentrequests"`
	} `json:"webhook"`
}

func main() {
	file := flag.String("config-file", "", "configuration (JSON)")
	flag.Parse()
	text, err := os.ReadFile(*file)
	if err != nil {
		log.Fatal(err)
	}
	s := settings{}
	s.Webhook.Method = http.MethodPost
	s.Webhook.CheckCert = true
	s.Webhook.MaxConcurrentRequests = 1
	if err := json.Unmarshal(text, &s); err != nil {
		log.Fatal(*file, ": ", err)
	}
	out, err := newWebhook(s)
	if err != nil {
		log.Fatal(err)
	}

	var accepted, rejected atomic.Int64
	http.HandleFunc("/ping", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "pong\n") })
	http.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		const inputs, outputs = "falcosecurity_falcosidekick_inputs_total", "falcosecurity_falcosidekick_outputs_total"
		fmt.Fprintf(w, "%s{source=\"requests\",status=\"accepted\"} %d\n", inputs, accepted.Load())
		fmt.Fprintf(w, "%s{source=\"requests\",status=\"rejected\"} %d\n", inputs, rejected.Load())
		fmt.Fprintf(w, "%s{destination=\"webhook\",status=\"ok\"} %d\n", outputs, out.ok.Load())
		fmt.Fprintf(w, "%s{destination=\"webhook\",status=\"error\"} %d\n", outputs, out.failed.Load())
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, err := convert(r.Body, s.CustomFields)
		if err != nil {
			rejected.Add(1)
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		accepted.Add(1)
		go out.post(body) // Falco has its answer before the webhook has the event
	})
	log.Fatal(http.ListenAndServe(fmt.Sprintf("%s:%d", s.ListenAddress, s.ListenPort), nil))
}
