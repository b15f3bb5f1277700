#include "falcosidekick_outputs.hpp"

#include "falconer/spelling.hpp"
#include "falconer/value.hpp"

#include <algorithm>
#include <array>

namespace falconer::falco {
namespace {

/// Source: github.com/falcosecurity/falcosidekick 2.32.0 to 2.35, types/types.go, Configuration.
constexpr auto outputs = std::to_array<std::string_view>({
    "alertmanager", "aws",        "azure",      "cliq",         "cloudevents",   "datadog",
    "datadoglogs",  "discord",    "dogstatsd",  "dynatrace",    "elasticsearch", "fission",
    "gcp",          "googlechat", "gotify",     "grafana",      "grafanaoncall", "influxdb",
    "kafka",        "kafkarest",  "kubeless",   "logstash",     "loki",          "mattermost",
    "mqtt",         "n8n",        "nats",       "nodered",      "openfaas",      "openobserve",
    "opsgenie",     "otlp",       "pagerduty",  "policyreport", "prometheus",    "quickwit",
    "rabbitmq",     "redis",      "rocketchat", "slack",        "smtp",          "splunk",
    "spyderbat",    "stan",       "statsd",     "sumologic",    "syslog",        "talon",
    "teams",        "tekton",     "telegram",   "timescaledb",  "wavefront",     "webex",
    "webhook",      "webui",      "yandex",     "zincsearch",
});

/// What holds for Falcosidekick as a whole. Source: as above; config/manifests/falcosidekick.yaml.
constexpr auto others = std::to_array<std::string_view>({
    "bracketreplacer",
    "customfields",
    "customtags",
    "debug",
    "listenaddress",
    "listenport",
    "mutualtlsclient",
    "mutualtlsfilespath",
    "outputfieldformat",
    "templatedfields",
    "tlsclient",
    "tlsserver",
});

}  // namespace

std::string problem_of_output(std::string_view key) {
    // Falcosidekick's reader of configurations takes "Webhook" and "webhook" for the same key; we
    // would take them for two.
    const bool lower = std::ranges::all_of(key, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    });
    if (!lower) return "expected lower-case letters and digits, found " + described(value(key));
    if (std::ranges::find(others, key) != others.end())
        return "is no output; Falconer sets what holds for Falcosidekick as a whole";
    return {};
}

std::string doubt_about_output(std::string_view key) {
    if (std::ranges::find(outputs, key) != outputs.end()) return {};
    return "Falcosidekick 2.35 has no output " + described(value(key)) + did_you_mean(key, outputs);
}

}  // namespace falconer::falco
