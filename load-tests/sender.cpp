// The loop of the load: offers events when they are due, reads answers, counts.
#include "sender.hpp"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

namespace falconer::load {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t remembered = 4096;  // acknowledged events among which duplicates are chosen
constexpr auto        pause_after_error = 20ms;

sender::clock::duration ticks(std::chrono::duration<double> seconds) {
    return std::chrono::duration_cast<sender::clock::duration>(seconds);
}

std::int64_t wall_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch()
    )
        .count();
}

double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::FILE* open_log(const std::string& name) {
    if (name.empty()) return nullptr;
    std::FILE* file = std::fopen(name.c_str(), "wb");
    if (file == nullptr) throw std::runtime_error(name + ": cannot be written");
    return file;
}

void log_uuid(std::FILE* file, const uuid_bytes& uuid) {
    if (file != nullptr && std::fwrite(uuid.data(), 1, uuid.size(), file) != uuid.size()) {
        throw std::runtime_error("the log of uuids cannot be written");
    }
}

bool equal_no_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return (x | 0x20) == (y | 0x20);
    });
}

/// The value of a header in a block of header lines; empty if it is not there.
std::string_view header(std::string_view block, std::string_view name) {
    for (auto line_end = block.find("\r\n"); line_end != block.npos;) {
        block.remove_prefix(line_end + 2);
        line_end         = block.find("\r\n");
        const auto line  = block.substr(0, line_end);
        const auto colon = line.find(':');
        if (colon == line.npos || !equal_no_case(line.substr(0, colon), name)) continue;
        const auto value = line.find_first_not_of(' ', colon + 1);
        return value == line.npos ? std::string_view{} : line.substr(value);
    }
    return {};
}

}  // namespace

sender::sender(load_options options, target to, const tls_settings* tls, request_book& book)
    : options_(std::move(options)), to_(std::move(to)), tls_(tls), book_(book),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) throw std::runtime_error("epoll_create1 failed");
    acknowledged_ = open_log(options_.acknowledged);
    offered_      = open_log(options_.offered);
    for (std::size_t i = 0; i < options_.idle_connections + options_.connections; ++i) {
        connections_.push_back(std::make_unique<connection>());
        connections_.back()->idle = i < options_.idle_connections;
    }
}

sender::~sender() {
    connections_.clear();
    if (acknowledged_ != nullptr) std::fclose(acknowledged_);
    if (offered_ != nullptr) std::fclose(offered_);
    ::close(epoll_);
}

load_report sender::run(const volatile int& stop) {
    now_ = next_sweep_ = measure_from_ = clock::now();
    running_                           = true;
    const double cpu_before            = cpu_seconds();
    post_idle(stop);
    begin_ = now_ = clock::now();
    measure_from_ = begin_ + ticks(options_.warm_up);
    end_          = measure_from_ + ticks(options_.length);
    for (auto& c : connections_) {
        if (!c->idle) free_.push_back(c.get());
    }
    while (stop == 0 && running_) {
        offer();
        turn(100ms);
        if (now_ >= end_) running_ = false;
        if (options_.requests != 0 && report_.offered >= options_.requests) running_ = false;
    }
    report_.measured_seconds =
        std::chrono::duration<double>(std::min(now_, end_) - measure_from_).count();
    if (options_.rate > 0 && options_.requests == 0) {
        const auto due =
            std::chrono::duration<double>(std::min(now_, end_) - begin_).count() * options_.rate;
        const auto taken = static_cast<double>(slots_taken_);
        report_.not_sent = due > taken ? static_cast<std::uint64_t>(due - taken) : 0;
    }
    const auto last = clock::now() + ticks(options_.drain);
    while (stop < 2 && now_ < last && in_flight() > 0) {
        offer();
        turn(20ms);
    }
    report_.in_flight   = in_flight();
    report_.cpu_seconds = cpu_seconds() - cpu_before;
    for (auto& c : connections_) report_.idle_open += c->idle && c->state == phase::free ? 1 : 0;
    return report_;
}

void sender::post_idle(const volatile int& stop) {
    const auto  last = clock::now() + 60s;
    std::size_t next = 0;
    while (stop == 0 && now_ < last) {
        std::size_t busy = 0;
        for (std::size_t i = 0; i < next; ++i) busy += connections_[i]->done ? 0 : 1;
        for (; busy < 64 && next < options_.idle_connections; ++busy)
            start(*connections_[next++], now_);
        if (busy == 0) return;
        offer();  // those that must be sent again
        turn(20ms);
    }
}

void sender::turn(clock::duration longest) {
    if (options_.rate > 0 && running_ && !free_.empty()) {
        const auto due =
            begin_ +
            ticks(std::chrono::duration<double>(static_cast<double>(slots_taken_) / options_.rate));
        longest = std::clamp(due - clock::now(), clock::duration::zero(), longest);
    }
    longest = std::min(longest, std::max(next_sweep_ - now_, clock::duration::zero()));
    const auto                   ns = std::chrono::nanoseconds(longest).count();
    const timespec               wait{.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
    std::array<epoll_event, 512> events;
    const int                    n =
        epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &wait, nullptr);
    now_ = clock::now();
    for (int i = 0; i < n; ++i) {
        on_event(
            *static_cast<connection*>(events[static_cast<std::size_t>(i)].data.ptr),
            events[static_cast<std::size_t>(i)].events
        );
    }
    if (now_ >= next_sweep_) sweep();
}

bool sender::may_begin() const {
    return running_ && (options_.requests == 0 || report_.offered < options_.requests);
}

void sender::offer() {
    // Every pause is of the same length, so the first in line is the first that may.
    while (!again_.empty() && again_.front()->not_before <= now_) {
        connection* c = again_.front();
        again_.pop_front();
        send(*c);
    }
    std::vector<connection*> later;
    while (!free_.empty() && may_begin()) {
        connection* c = free_.front();
        if (c->not_before > now_) {
            later.push_back(c);
            free_.pop_front();
            continue;
        }
        auto due = now_;
        if (options_.rate > 0) {
            due = begin_ + ticks(std::chrono::duration<double>(
                               static_cast<double>(slots_taken_) / options_.rate
                           ));
            if (due > now_) break;
        }
        ++slots_taken_;
        free_.pop_front();
        start(*c, due);
    }
    free_.insert(free_.end(), later.begin(), later.end());
}

void sender::start(connection& c, clock::time_point due) {
    std::uniform_real_distribution<double> chance(0, 1);
    if (options_.duplicates > 0 && !past_.empty() && chance(random_) < options_.duplicates) {
        c.event = past_[random_() % past_.size()];
        ++report_.duplicates;
    } else {
        c.event = book_.next(wall_ns());
        ++report_.offered;
        log_uuid(offered_, c.event.uuid);
    }
    c.due = due;
    send(c);
}

void sender::send(connection& c) {
    if (c.again) {
        c.again = false;
        ++report_.replayed;
    }
    ++report_.sent;
    c.sent                       = now_;
    const std::string_view bytes = book_.bytes(c.event);
    c.out_at                     = 0;
    if (c.state == phase::closed) {
        c.out.assign(bytes);
        connect(c);
        return;
    }
    c.state      = phase::waiting;
    const long n = c.wire.write(bytes);
    if (n < 0) {
        lost(c, "reset");
    } else if (static_cast<std::size_t>(n) < bytes.size()) {
        c.out.assign(bytes.substr(static_cast<std::size_t>(n)));
    }
}

void sender::connect(connection& c) {
    ++report_.connects;
    c.in.clear();
    c.state = phase::connecting;
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &c}};
    if (!c.wire.open(to_, tls_) || epoll_ctl(epoll_, EPOLL_CTL_ADD, c.wire.fd(), &event) != 0) {
        lost(c, "connect");
    }
}

void sender::on_event(connection& c, std::uint32_t what) {
    if (!c.wire.is_open()) return;
    if (c.state == phase::connecting) {
        if (c.wire.connect_error() != 0) return lost(c, "connect");
        if ((what & EPOLLOUT) == 0) return;
        c.state = phase::waiting;
    }
    if (c.out_at < c.out.size()) flush(c);
    if (c.wire.is_open() && (what & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) receive(c);
}

void sender::flush(connection& c) {
    while (c.out_at < c.out.size()) {
        const long n = c.wire.write(std::string_view(c.out).substr(c.out_at));
        if (n < 0) return lost(c, "reset");
        if (n == 0) return;
        c.out_at += static_cast<std::size_t>(n);
    }
    c.out.clear();
    c.out_at = 0;
}

void sender::receive(connection& c) {
    std::array<char, 16384> buffer;
    for (;;) {
        const long n = c.wire.read(buffer.data(), buffer.size());
        if (n == 0) break;
        if (n < 0) return lost(c, "reset");
        std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
        if (c.in.empty() && take_answer(c, bytes)) {
            // The socket gave less than was asked for: it is empty, and says so again when it is
            // not.
            if (tls_ == nullptr) return;
            continue;
        }
        if (!c.wire.is_open()) return;
        c.in.append(bytes);
        const std::string whole = c.in;
        if (take_answer(c, whole)) c.in.clear();
        if (!c.wire.is_open()) return;
    }
    if (c.out_at < c.out.size()) flush(c);  // a TLS handshake that waited for these bytes
}

bool sender::take_answer(connection& c, std::string_view bytes) {
    const auto head_end = bytes.find("\r\n\r\n");
    if (head_end == bytes.npos) return false;
    const auto head   = bytes.substr(0, head_end + 2);
    int        status = 0;
    if (!head.starts_with("HTTP/1.1 ") || head.size() < 12 ||
        std::from_chars(head.data() + 9, head.data() + 12, status).ec != std::errc{} ||
        c.state != phase::waiting) {
        lost(c, "not an answer");
        return false;
    }
    std::size_t length = 0;
    const auto  told   = header(head, "content-length");
    std::from_chars(told.data(), told.data() + told.size(), length);
    if (!header(head, "transfer-encoding").empty()) {
        lost(c, "chunked answer");
        return false;
    }
    if (bytes.size() < head_end + 4 + length) return false;
    answered(c, status, equal_no_case(header(head, "connection"), "close"));
    return true;
}

void sender::answered(connection& c, int status, bool closing) {
    ++report_.answered;
    ++report_.status[status];
    const bool good = status >= 200 && status < 300;
    if (good) {
        log_uuid(acknowledged_, c.event.uuid);
        if (options_.duplicates > 0) {
            if (past_.size() < remembered)
                past_.push_back(c.event);
            else
                past_[past_at_++ % remembered] = c.event;
        }
    }
    if (now_ >= measure_from_ && running_ && !c.idle) {
        report_.measured += good ? 1 : 0;
        report_.latency.add(static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - c.due).count()
        ));
    }
    if (options_.retry && (status == 429 || status >= 500)) {
        c.again      = true;
        c.not_before = now_ + pause_after_error;
    }
    c.state = phase::free;
    if (closing) {
        c.wire.close();
        c.state = phase::closed;
    }
    settle(c);
}

void sender::lost(connection& c, const char* why) {
    const bool asked = c.state == phase::waiting || c.state == phase::connecting;
    c.wire.close();
    c.in.clear();
    c.out.clear();
    c.out_at = 0;
    c.state  = phase::closed;
    if (!asked) return;  // it sat idle: nothing of it is lost, and the next sending connects again
    ++report_.errors[why];
    c.not_before        = now_ + pause_after_error;
    c.again             = options_.retry;
    report_.unanswered += c.again ? 0 : 1;
    settle(c);
}

void sender::settle(connection& c) {
    if (c.idle && !c.again) {
        c.done = true;
        return;
    }
    if (c.again) {
        again_.push_back(&c);
        return;
    }
    free_.push_back(&c);
    // A closed loop goes on at once, without a turn of the loop in between.
    if (options_.rate == 0 && c.state == phase::free && may_begin() && now_ < end_) {
        free_.pop_back();
        ++slots_taken_;
        start(c, clock::now());
    }
}

void sender::sweep() {
    next_sweep_ = now_ + 100ms;
    for (auto& c : connections_) {
        const bool asked = c->state == phase::waiting || c->state == phase::connecting;
        if (asked && now_ - c->sent > ticks(options_.answer_limit)) lost(*c, "no answer in time");
    }
    if (acknowledged_ != nullptr) std::fflush(acknowledged_);
    if (offered_ != nullptr) std::fflush(offered_);
}

std::size_t sender::in_flight() const {
    return static_cast<std::size_t>(std::count_if(
        connections_.begin(), connections_.end(),
        [](const auto& c) {
            return c->again || c->state == phase::waiting || c->state == phase::connecting;
        }
    ));
}

}  // namespace falconer::load
