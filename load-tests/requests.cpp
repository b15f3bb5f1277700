// Prepares the requests and patches uuid and time into them.
#include "requests.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <fstream>
#include <random>
#include <stdexcept>

namespace falconer::load {

namespace {

constexpr std::string_view uuid_key      = R"("uuid":")";
constexpr std::string_view time_key      = R"("time":")";
constexpr std::string_view evt_time_key  = R"("evt.time":)";
constexpr std::string_view cluster_key   = R"("cluster_id":")";
constexpr std::size_t      uuid_size     = 36;
constexpr std::size_t      time_size     = 30;  // 2026-01-02T03:04:05.123456789Z
constexpr std::size_t      evt_time_size = 19;  // nanoseconds, until the year 2286

std::vector<std::string> lines_of(const std::string& file) {
    std::ifstream in(file);
    if (!in) throw std::runtime_error(file + ": cannot be read");
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) {
        if (!line.empty()) lines.push_back(line);
    }
    if (lines.empty()) throw std::runtime_error(file + ": is empty");
    return lines;
}

std::string json_string_after(std::string_view text, std::string_view key) {
    const auto at = text.find(key);
    if (at == text.npos) return {};
    const auto begin = at + key.size();
    return std::string(text.substr(begin, text.find('"', begin) - begin));
}

std::string claims_of(std::string_view token) {
    const auto first  = token.find('.');
    const auto second = token.find('.', first + 1);
    if (first == token.npos || second == token.npos) return {};
    std::string part(token.substr(first + 1, second - first - 1));
    std::replace(part.begin(), part.end(), '-', '+');
    std::replace(part.begin(), part.end(), '_', '/');
    const auto padding = (4 - part.size() % 4) % 4;
    part.append(padding, '=');
    std::string out(part.size(), '\0');
    const int   size = EVP_DecodeBlock(
        reinterpret_cast<unsigned char*>(out.data()),
        reinterpret_cast<const unsigned char*>(part.data()), static_cast<int>(part.size())
    );
    if (size < 0) return {};
    out.resize(static_cast<std::size_t>(size) - padding);
    std::erase(out, ' ');  // a writer of JSON may put blanks after colons
    return out;
}

std::string cluster_of(std::string_view token) {
    const std::string claims  = claims_of(token);
    std::string       cluster = json_string_after(claims, R"("cluster-identity":")");
    if (cluster.empty()) cluster = json_string_after(claims, R"("sub":")");
    return cluster;
}

/// Replaces the string or number after `key` by `size` bytes of filling. Returns where it begins,
/// or 0.
std::size_t make_room(std::string& body, std::string_view key, char end, std::size_t size) {
    const auto at = body.find(key);
    if (at == body.npos) return 0;
    const auto begin = at + key.size();
    const auto stop  = body.find_first_of(end == '"' ? "\"" : ",}", begin);
    body.replace(begin, stop - begin, std::string(size, '0'));
    return begin;
}

/// A permutation of the 64-bit numbers (splitmix64): different numbers stay different.
std::uint64_t scatter(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

void write_uuid(const uuid_bytes& uuid, char* out) {
    static constexpr char digits[] = "0123456789abcdef";
    for (std::size_t i = 0; i < uuid.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
        *out++ = digits[uuid[i] >> 4];
        *out++ = digits[uuid[i] & 15];
    }
}

void write_digits(std::uint64_t value, char* out, std::size_t count) {
    for (std::size_t i = count; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

}  // namespace

request_book::request_book(
    const std::string& tokens, const std::string& samples, std::string_view host,
    std::string_view path
) {
    std::random_device random;
    seed_            = (std::uint64_t{random()} << 32) | random();
    std::string head = "POST ";
    head.append(path).append(" HTTP/1.1\r\nHost: ").append(host);
    head.append(
        "\r\nUser-Agent: Falcosidekick\r\nContent-Type: application/json; charset=utf-8\r\n"
        "Idempotency-Key: falcosidekick\r\nAuthorization: Bearer "
    );
    const auto  events = lines_of(samples);
    std::size_t line   = 0;
    for (const auto& token : lines_of(tokens)) {
        ++line;
        const auto cluster = cluster_of(token);
        if (cluster.empty()) {
            throw std::runtime_error(
                tokens + ":" + std::to_string(line) + ": a token that names no cluster"
            );
        }
        for (const auto& event : events) add(cluster, token, event, head);
        ++clusters_;
    }
    // Neighbouring requests are of different clusters, as they would be from a fleet.
    std::shuffle(prepared_.begin(), prepared_.end(), std::mt19937_64(1));
}

void request_book::add(
    const std::string& cluster, const std::string& token, std::string sample, std::string_view head
) {
    const auto at = sample.find(cluster_key);
    if (at == sample.npos)
        throw std::runtime_error("a sample event has no output_fields.cluster_id");
    const auto begin = at + cluster_key.size();
    sample.replace(begin, sample.find('"', begin) - begin, cluster);
    sample.push_back('\n');  // as Go's encoder ends a body

    prepared request;
    // The key "time" comes before output_fields, where "evt.time" is.
    if (make_room(sample, uuid_key, '"', uuid_size) == 0 ||
        make_room(sample, time_key, '"', time_size) == 0) {
        throw std::runtime_error("a sample event lacks uuid or time");
    }
    make_room(sample, evt_time_key, ',', evt_time_size);
    request.bytes.append(head).append(token).append("\r\nContent-Length: ");
    request.bytes.append(std::to_string(sample.size())).append("\r\n\r\n");
    const auto body_at = request.bytes.size();
    const auto place   = [&](std::string_view key) {
        const auto found = sample.find(key);
        return found == sample.npos ? 0 : body_at + found + key.size();
    };
    request.uuid_at      = place(uuid_key);
    request.time_at      = place(time_key);
    request.evt_time_at  = place(evt_time_key);
    body_bytes_         += sample.size();
    request.bytes.append(sample);
    prepared_.push_back(std::move(request));
}

event_record request_book::next(std::int64_t now_ns) {
    event_record event;
    event.request = static_cast<std::uint32_t>(made_ % prepared_.size());
    event.time_ns = now_ns | 1;  // no zero at the end of the fraction: Falcosidekick would trim it
    ++made_;
    const std::uint64_t high = scatter(seed_ + made_);
    const std::uint64_t low  = scatter(high ^ seed_);
    std::memcpy(event.uuid.data(), &high, 8);
    std::memcpy(event.uuid.data() + 8, &low, 8);
    event.uuid[6] = static_cast<std::uint8_t>((event.uuid[6] & 0x0f) | 0x40);  // version 4
    event.uuid[8] = static_cast<std::uint8_t>((event.uuid[8] & 0x3f) | 0x80);
    return event;
}

void request_book::write_time(prepared& request, std::int64_t time_ns) {
    const std::int64_t second = time_ns / 1'000'000'000;
    if (second != formatted_second_) {
        const std::time_t seconds = second;
        std::tm           parts{};
        gmtime_r(&seconds, &parts);
        std::strftime(formatted_.data(), formatted_.size(), "%Y-%m-%dT%H:%M:%S.", &parts);
        formatted_second_ = second;
    }
    char* at = request.bytes.data() + request.time_at;
    std::memcpy(at, formatted_.data(), 20);
    const auto fraction = static_cast<std::uint64_t>(time_ns % 1'000'000'000);
    write_digits(fraction, at + 20, 9);
    at[29] = 'Z';
    if (request.evt_time_at != 0) {
        write_digits(
            static_cast<std::uint64_t>(time_ns), request.bytes.data() + request.evt_time_at,
            evt_time_size
        );
    }
}

std::string_view request_book::bytes(const event_record& event) {
    prepared& request = prepared_[event.request];
    write_uuid(event.uuid, request.bytes.data() + request.uuid_at);
    write_time(request, event.time_ns);
    return request.bytes;
}

}  // namespace falconer::load
