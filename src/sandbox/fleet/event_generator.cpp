#include "event_generator.hpp"

#include "demo_rules.hpp"
#include "falconer/heartbeat.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string_view>
#include <utility>

namespace falconer::sandbox {
namespace {

constexpr std::size_t nodes_of_a_cluster = 5, pods_of_a_cluster = 24;

struct image {
    std::string_view name_space, workload, container, repository, tag;
};
constexpr image images[] = {
    {"storefront", "checkout-api", "api", "registry.example.com/shop/checkout-api", "2.14.3"},
    {"storefront", "web", "nginx", "docker.io/library/nginx", "1.27.2-alpine"},
    {"payments", "ledger", "ledger", "registry.example.com/pay/ledger", "0.9.41"},
    {"monitoring", "node-exporter", "exporter", "quay.example.org/prometheus/node-exporter", "1.8.2"
    },
    {"batch", "nightly-report", "python", "docker.io/library/python", "3.12-slim"},
    {"messaging", "broker", "rabbitmq", "docker.io/library/rabbitmq", "3.13"},
};

/// The same identity always gives the same cluster.
std::uint64_t hash_of(std::string_view text) noexcept {  // FNV-1a
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    return hash;
}

std::string letters(std::mt19937_64& from, std::size_t count, std::string_view alphabet) {
    std::string out(count, ' ');
    for (auto& c : out) c = alphabet[from() % alphabet.size()];
    return out;
}
constexpr std::string_view hexadecimal = "0123456789abcdef",
                           of_pods     = "bcdfghjklmnpqrstvwxz2456789";

void append_number(std::string& out, std::int64_t value) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

void append_padded(std::string& out, std::uint64_t value, std::size_t width) {
    const auto begin = out.size();
    out.append(width, '0');
    for (std::size_t i = width; i != 0; --i, value /= 10)
        out[begin + i - 1] = static_cast<char>('0' + value % 10);
}

/// As Go's encoder: quotes, backslashes, control characters, and what HTML could mistake.
void append_text(std::string& out, std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || c == '<' || c == '>' || c == '&') {
            out += "\\u00";
            out += hexadecimal[byte >> 4];
            out += hexadecimal[byte & 15];
        } else {
            out += c;
        }
    }
}

void append_field(std::string& out, std::string_view key, std::string_view text) {
    out.append(1, '"').append(key).append("\":\"");
    append_text(out, text);
    out += "\",";
}

void append_field(std::string& out, std::string_view key, std::int64_t number) {
    out.append(1, '"').append(key).append("\":");
    append_number(out, number);
    out += ',';
}

struct clock_time {
    std::string  time_of_day;  // nine digits behind the point
    std::string  stamp;        // zeros at the end cut
    std::int64_t nanoseconds = 0;
};

clock_time clock_time_of(utc_time now) {
    using namespace std::chrono;
    const auto           day  = floor<days>(now);
    const year_month_day date = day;
    const hh_mm_ss       time(duration_cast<nanoseconds>(now - day));
    clock_time           out;
    auto&                clock = out.time_of_day;
    append_padded(clock, static_cast<std::uint64_t>(time.hours().count()), 2);
    clock += ':';
    append_padded(clock, static_cast<std::uint64_t>(time.minutes().count()), 2);
    clock += ':';
    append_padded(clock, static_cast<std::uint64_t>(time.seconds().count()), 2);
    clock += '.';
    append_padded(clock, static_cast<std::uint64_t>(time.subseconds().count()), 9);

    append_padded(out.stamp, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
    out.stamp += '-';
    append_padded(out.stamp, static_cast<unsigned>(date.month()), 2);
    out.stamp += '-';
    append_padded(out.stamp, static_cast<unsigned>(date.day()), 2);
    out.stamp.append(1, 'T').append(clock);
    out.stamp.erase(out.stamp.find_last_not_of('0') + 1);
    if (out.stamp.back() == '.') out.stamp.pop_back();
    out.stamp       += 'Z';
    out.nanoseconds  = duration_cast<nanoseconds>(now.time_since_epoch()).count();
    return out;
}

}  // namespace

event_generator::event_generator(cluster_identity cluster, std::uint64_t seed)
    : cluster_(std::move(cluster)), random_(seed ^ hash_of(cluster_.text)) {
    std::mt19937_64 own(hash_of(cluster_.text));
    const auto      shoot = cluster_.shoot();
    const auto      base  = shoot ? "shoot--" + shoot->project + "--" + shoot->name : "node";
    for (std::size_t i = 0; i < nodes_of_a_cluster; ++i)
        nodes_.push_back(
            base + "-worker-z" + std::to_string(i % 3 + 1) + '-' + letters(own, 5, of_pods)
        );
    for (std::size_t i = 0; i < pods_of_a_cluster; ++i) {
        const auto& from = images[i % std::size(images)];
        pods_.push_back({
            .name_space = std::string(from.name_space),
            .pod        = std::string(from.workload) + '-' + letters(own, 9, of_pods) + '-' +
                   letters(own, 5, of_pods),
            .container    = std::string(from.container),
            .container_id = letters(own, 12, hexadecimal),
            .image        = std::string(from.repository),
            .tag          = std::string(from.tag),
        });
    }
}

std::string event_generator::next(utc_time now) {
    const auto  at   = clock_time_of(now);
    auto        left = static_cast<std::int64_t>(random(demo_weight()));
    const auto* rule = demo_rules().data();
    while ((left -= rule->weight) >= 0) ++rule;
    const auto& where = pod();
    const auto& on    = node();

    uuid id;
    for (std::size_t i = 0; i < 16; i += 8) {
        const auto bits = random_();
        for (std::size_t k = 0; k < 8; ++k)
            id.bytes[i + k] = static_cast<std::uint8_t>(bits >> (8 * k));
    }
    id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | 0x40);
    id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);

    std::string out;
    out.reserve(1536);
    out.append("{\"uuid\":\"").append(id.text()).append("\",\"output\":\"");
    out.append(at.time_of_day).append(": ").append(rule->priority).append(1, ' ');
    const std::pair<std::string_view, std::string_view> said[] = {
        {" | evt_type=", rule->event_type},
        {" user=", rule->user},
        {" process=", rule->process},
        {" proc_exepath=", rule->executable},
        {" parent=", rule->parent},
        {" command=", rule->command},
        {" file=", rule->file.empty() ? std::string_view("<NA>") : rule->file},
        {" container_id=", where.container_id},
        {" container_name=", where.container},
        {" container_image_repository=", where.image},
        {" container_image_tag=", where.tag},
        {" k8s_pod_name=", where.pod},
        {" k8s_ns_name=", where.name_space},
    };
    append_text(out, rule->message);
    for (const auto& [label, value] : said) {
        out += label;
        append_text(out, value);
    }
    out.append("\",\"priority\":\"").append(rule->priority).append("\",\"rule\":\"");
    append_text(out, rule->name);
    out.append("\",\"time\":\"").append(at.stamp).append("\",\"output_fields\":{");
    // Sorted by key.
    append_field(out, "cluster_id", cluster_.text);
    append_field(out, "container.id", where.container_id);
    append_field(out, "container.image.repository", where.image);
    append_field(out, "container.image.tag", where.tag);
    append_field(out, "container.name", where.container);
    append_field(out, "evt.time", at.nanoseconds);
    append_field(out, "evt.type", rule->event_type);
    append_field(out, "falco_version", "0.44.0");
    if (rule->file.empty())
        out += "\"fd.name\":null,";
    else
        append_field(out, "fd.name", rule->file);
    append_field(out, "k8s.ns.name", where.name_space);
    append_field(out, "k8s.pod.name", where.pod);
    if (rule->name == heartbeat_rule && !key_.empty()) {
        const auto minute = heartbeat_minute(now);
        append_field(
            out, "proc.args",
            "agent beat --time " + minute + " --node " + on + " --proof " +
                heartbeat_proof(key_, minute, on)
        );
    }
    append_field(out, "proc.cmdline", rule->command);
    append_field(out, "proc.exepath", rule->executable);
    append_field(out, "proc.name", rule->process);
    append_field(out, "proc.pid", static_cast<std::int64_t>(1000 + random(60000)));
    append_field(out, "proc.pname", rule->parent);
    append_field(out, "proc.tty", random(3) == 0 ? 34816 : 0);
    append_field(out, "user.loginuid", -1);
    append_field(out, "user.name", rule->user);
    append_field(out, "user.uid", rule->uid);
    out.back() = '}';
    out.append(",\"source\":\"syscall\",\"tags\":").append(rule->tags);
    out.append(",\"hostname\":\"").append(on).append("\"}\n");
    return out;
}

std::uint64_t event_generator::random(std::uint64_t below) {
    return random_() % below;
}

const std::string& event_generator::node() {
    return nodes_[random(nodes_.size())];
}

/// A few pods are louder than the others.
const event_generator::workload& event_generator::pod() {
    return pods_[std::min(random(pods_.size()), random(pods_.size()))];
}

}  // namespace falconer::sandbox
