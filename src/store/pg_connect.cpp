#include "falconer/log.hpp"
#include "falconer/read_file.hpp"
#include "pg_connection.hpp"
#include "pg_exchange.hpp"

#include <algorithm>

namespace falconer::store {
namespace {

/// The first line of the file; a few bytes, read only when a connection is opened.
result<std::string> password_of(const pg_options& opt) {
    if (opt.password_file.empty()) return opt.password;
    const auto text = read_file(opt.password_file);
    if (!text)
        return failure{
            errc::denied, "cannot read " + opt.password_file + ": " + text.error().detail
        };
    if (text->empty()) return failure{errc::denied, opt.password_file + " is empty"};
    return text->substr(0, text->find('\n'));
}

/// libpq 15 keeps no SQLSTATE of a failed handshake, only the text; which has it in the verbose
/// form, in whatever language the server speaks: "FATAL:  28P01: …". Class 28: invalid
/// authorization
bool tells_of_refusal(std::string_view said) {
    constexpr std::string_view before = ":  28";
    const auto in_state = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
    for (auto at = said.find(before); at != said.npos; at = said.find(before, at + 1)) {
        const auto rest = said.substr(at + before.size());
        if (rest.size() > 3 && std::ranges::all_of(rest.substr(0, 3), in_state) && rest[3] == ':')
            return true;
    }
    return false;
}

/// Without where in PostgreSQL's source that was, which the verbose form has too.
std::string without_location(std::string_view said) {
    std::string kept;
    while (!said.empty()) {
        const auto line = said.substr(0, said.find('\n'));
        if (!line.starts_with("LOCATION:")) kept.append(line).append("\n");
        said.remove_prefix(std::min(said.size(), line.size() + 1));
    }
    return one_line(kept);
}

/// What to ask of all hosts, one after the other. libpq would look through a list twice by itself.
/// Source: https://www.postgresql.org/docs/15/libpq-connect.html, target_session_attrs
std::vector<std::string> rounds_of(const std::string& attributes) {
    if (attributes == "prefer-standby") return {"standby", "any"};
    return {attributes};
}

/// Of the time until then, for one of `left`.
steady_time::duration share_of(steady_time::duration time_left, std::size_t left) {
    return time_left / static_cast<std::int64_t>(std::max<std::size_t>(left, 1));
}

/// A peer that is gone is noticed within so long, whoever waits: by what was sent and nobody has
/// acknowledged, and by silence. It means nothing to a unix socket.
/// Source: https://www.postgresql.org/docs/15/libpq-connect.html; milliseconds, the others seconds.
constexpr std::pair<const char*, const char*> liveliness[] = {
    {"tcp_user_timeout", "20000"}, {"keepalives", "1"},       {"keepalives_idle", "10"},
    {"keepalives_interval", "5"},  {"keepalives_count", "2"},
};

}  // namespace

/// One address of one host, and what it must be.
struct pg_connection::destination {
    std::string host;  // the name still counts for verify-full
    std::string address;
};

task<result<pg_connection::ptr>> pg_connection::open(
    asio::any_io_executor loop, time_source& time, pg_options opt
) {
    ptr  self{new pg_connection(loop, time)};
    auto work = self->connect(std::move(opt));
    auto up   = co_await std::move(work);
    if (!up) co_return std::move(up).error().while_doing("connecting to postgres");
    co_return std::move(self);
}

task<result<void>> pg_connection::connect(pg_options opt) {
    auto password = password_of(opt);
    if (!password) co_return std::move(password).error();
    opt.password = std::move(*password);
    memory_      = opt.memory;
    must_write_  = opt.target_session_attrs == "read-write";

    const auto until  = time_.now() + opt.connect_limit;
    const auto hosts  = memory_->hosts().in_order(hosts_in(opt.host));
    const auto rounds = rounds_of(opt.target_session_attrs);
    auto       left   = rounds.size() * hosts.size();
    refusals   why;
    for (const auto& attributes : rounds) {
        opt.target_session_attrs = attributes;
        for (const auto& host : hosts) {
            const auto share = share_of(until - time_.now(), left--);
            auto       up    = co_await connect_to_host(opt, host, share);
            if (!up) {
                why.add(host, std::move(up).error());
                continue;
            }
            host_     = host;
            auto ours = co_await check_history(opt, hosts, until);
            if (!ours) {
                why.add(host, std::move(ours).error());
                close();
                memory_->hosts().failed(host);
                continue;
            }
            memory_->hosts().worked(host);
            if (!why.empty()) memory_->say_passed_over(why.text(), time_.now());
            co_return result<void>{};
        }
    }
    co_return why.of_all_hosts();
}

/// Looks for it and tries its addresses, for as long as `within`.
task<result<void>> pg_connection::connect_to_host(
    const pg_options& opt, const std::string& host, steady_time::duration within
) {
    attempt    this_host(memory_->hosts(), host);
    const auto until = time_.now() + within;
    auto       where = co_await addresses_of(socket_.get_executor(), time_, host, *memory_, within);
    if (!where) co_return std::move(where).error();
    auto&      fared     = memory_->addresses(host);
    const auto addresses = fared.in_order(*where);
    auto       left      = addresses.size();
    refusals   why;
    for (const auto& address : addresses) {
        attempt           this_address(fared, address);
        const destination there{host, address};
        const auto        share = share_of(until - time_.now(), left--);
        auto              work  = shake_hands(opt, there);
        auto              up    = co_await with_timeout(time_, share, std::move(work));
        if (up) {
            this_address.worked();
            this_host.worked();
            co_return result<void>{};
        }
        why.add(address, std::move(up).error());
    }
    co_return why.of_one_host();
}

task<result<void>> pg_connection::shake_hands(const pg_options& opt, const destination& where) {
    exchange   handshake{*this};
    const auto port = std::to_string(opt.port);
    // No plan of ours is worth compiling. A plan without nested loops looks so dear to the server
    // that it would compile each one anew: half a second for each day that retention looks at.
    const auto settings = "-c statement_timeout=" + std::to_string(opt.statement_timeout.count()) +
                          " -c client_connection_check_interval=1000 -c jit=off " + opt.settings;
    const std::pair<const char*, const char*> parameters[] = {
        {"host", where.host.c_str()},
        {"hostaddr", where.address.c_str()},
        {"port", port.c_str()},
        {"dbname", opt.database.c_str()},
        {"user", opt.user.c_str()},
        {"password", opt.password.c_str()},
        {"sslmode", opt.ssl_mode.c_str()},
        {"sslrootcert", opt.ssl_root_cert.c_str()},
        {"sslcert", opt.ssl_cert.c_str()},
        {"sslkey", opt.ssl_key.c_str()},
        {"target_session_attrs", opt.target_session_attrs.c_str()},
        {"options", settings.c_str()},
        {"application_name", "falconer"},
        // A file that cannot exist: ~/.pgpass would be read with blocking calls.
        {"passfile", "/dev/null/none"},
        {"client_encoding", "UTF8"},
        {"gssencmode", "disable"},  // no Kerberos: likewise
    };
    std::vector<const char*> keys, values;
    const auto               tell = [&](const auto& all) {
        for (const auto& [key, value] : all) {
            keys.push_back(key);
            values.push_back(value);
        }
    };
    tell(parameters);
    tell(liveliness);
    keys.push_back(nullptr);
    values.push_back(nullptr);
    raw_.reset(PQconnectStartParams(keys.data(), values.data(), 0));
    if (!raw_) co_return failure{errc::unavailable, "out of memory"};
    if (PQstatus(raw_.get()) == CONNECTION_BAD) co_return lost("starting");
    PQsetNoticeReceiver(raw_.get(), take_notice, this);
    PQsetErrorVerbosity(raw_.get(), PQERRORS_VERBOSE);

    for (auto step = PGRES_POLLING_WRITING; step != PGRES_POLLING_OK;) {
        auto watched = watch_socket();
        if (!watched) co_return std::move(watched).error();
        const auto what = step == PGRES_POLLING_READING ? ready::wait_read : ready::wait_write;
        auto       up   = co_await until(what);
        if (!up) co_return std::move(up).error();
        step = PQconnectPoll(raw_.get());
        if (step == PGRES_POLLING_FAILED) co_return refused_handshake();
    }
    PQsetErrorVerbosity(raw_.get(), PQERRORS_DEFAULT);
    auto watched = watch_socket();
    if (!watched) co_return std::move(watched).error();
    if (PQsetnonblocking(raw_.get(), 1) != 0) co_return lost("going non-blocking");
    handshake.over();
    co_return result<void>{};
}

/// While connecting, libpq may close its socket and get the same number again: register anew.
result<void> pg_connection::watch_socket() {
    if (socket_.is_open()) socket_.release();
    const int fd = PQsocket(raw_.get());
    if (fd < 0) return lost("looking for the socket");
    std::error_code ec;
    socket_.assign(fd, ec);
    if (ec) return failure{errc::unavailable, ec.message()}.while_doing("watching the socket");
    return {};
}

failure pg_connection::refused_handshake() const {
    const char* said   = PQerrorMessage(raw_.get());
    const bool  denied = PQconnectionNeedsPassword(raw_.get()) == 1 || tells_of_refusal(said);
    failure     why{denied ? errc::denied : errc::unavailable, without_location(said)};
    if (denied) return why;
    return std::move(why).while_doing("shaking hands");
}

}  // namespace falconer::store
