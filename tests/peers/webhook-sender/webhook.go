package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"sync/atomic"
)

// webhook posts events to one address. Whatever is not answered with success is gone, but counted.
type webhook struct {
	settings   settings
	client     *http.Client
	slots      chan struct{}
	ok, failed atomic.Int64
}

func newWebhook(s settings) (*webhook, error) {
	// Go's defaults are the point: 90 s idle, 2 idle connections, HTTP/2 if the server offers it.
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: !s.Webhook.CheckCert}
	if s.TLSClient.CACertFile != "" {
		pem, err := os.ReadFile(s.TLSClient.CACertFile)
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New(s.TLSClient.CACertFile + ": holds no certificate")
		}
	}
	return &webhook{
		settings: s,
		client:   &http.Client{Transport: transport},
		slots:    make(chan struct{}, s.Webhook.MaxConcurrentRequests),
	}, nil
}

func (w *webhook) post(body []byte) {
	w.slots <- struct{}{}
	defer func() { <-w.slots }()
	if err := w.try(body); err != nil {
		w.failed.Add(1)
		log.Print("webhook: ", err)
		return
	}
	w.ok.Add(1)
}

func (w *webhook) try(body []byte) error {
	request, err := http.NewRequest(w.settings.Webhook.Method, w.settings.Webhook.Address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("User-Agent", "Falcosidekick")
	for key, value := range w.settings.Webhook.CustomHeaders {
		request.Header.Set(key, value)
	}
	answer, err := w.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent:
		return nil // the body is not read
	}
	text, _ := io.ReadAll(answer.Body)
	return errors.New(answer.Status + ": " + string(text))
}
