#include "local_api.hpp"

#include "chance.hpp"
#include "falconer/base64.hpp"
#include "falconer/falco/certificates.hpp"
#include "falconer/ids.hpp"
#include "falconer/log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

/// Objects may be large, and watches many and quiet.
net::http_server::options generous() {
    net::http_server::options opt;
    opt.limits.body_bytes = 4 * 1024 * 1024;  // the API has a limit of its own, and words for it
    opt.answer            = 60s;
    return opt;
}

constexpr std::string_view shoots_path = "/shoots/";

failure cannot_write(const std::filesystem::path& file) {
    return {errc::unavailable, file.string() + " cannot be written: " + std::strerror(errno)};
}

/// A file that takes the place of another one when it is whole.
class replacement {
public:
    explicit replacement(std::filesystem::path of)
        : of_(std::move(of)), file_(of_.string() + ".new"),
          number_(::open(file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {}
    ~replacement() {
        if (number_ >= 0) ::close(number_);
    }
    replacement(const replacement&)            = delete;
    replacement& operator=(const replacement&) = delete;

    result<void> append(std::string_view text) {
        while (!text.empty()) {
            const auto done = ::write(number_, text.data(), text.size());
            if (done < 0 && errno == EINTR) continue;
            if (done < 0) return cannot_write(file_);
            text.remove_prefix(static_cast<std::size_t>(done));
        }
        return {};
    }
    /// Waits for the disk.
    result<void> sync() {
        if (::fsync(number_) != 0) return cannot_write(file_);
        return {};
    }
    result<void> take_its_place() {
        if (::rename(file_.c_str(), of_.c_str()) != 0) return cannot_write(of_);
        return {};
    }

private:
    std::filesystem::path of_, file_;
    int                   number_;
};

result<void> write_private(const std::filesystem::path& file, std::string_view text) {
    const auto wrong = [&] {
        return failure{errc::broken, file.string() + " cannot be written: " + std::strerror(errno)};
    };
    const int number = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (number < 0) return wrong();
    const bool whole =
        ::write(number, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::close(number);
    if (!whole) return wrong();
    return {};
}

}  // namespace

local_api::local_api(asio::any_io_executor loop, time_source& time, options opt)
    : loop_(loop), time_(time), opt_(std::move(opt)), token_(uuid::random().text()), store_(time),
      admission_(loop, time), server_(time, {.token = token_}), faults_(store_, chance),
      endpoint_("sandbox api", std::move(loop), time, generous(), server_) {
    server_.mount("", store_);
    server_.admit_with(admission_);
    server_.plan_faults([this](const net::http_request& request) { return faults_.of(request); });
}

result<void> local_api::make_certificates() {
    const auto now = time_.utc();
    auto authority = falco::make_authority({.name = "sandbox", .now = now, .lifetime = 8760h});
    if (!authority) return std::move(authority).error();
    auto leaf = falco::make_leaf(
        {.name = "localhost", .dns_names = {"localhost"}, .now = now, .lifetime = 8760h}, *authority
    );
    if (!leaf) return std::move(leaf).error();
    authority_ = authority->certificate;
    if (auto done = write_private(opt_.folder / "server.crt", leaf->certificate); !done)
        return done;
    return write_private(opt_.folder / "server.key", leaf->key.reveal());
}

result<void> local_api::start() {
    std::error_code wrong;
    std::filesystem::create_directories(opt_.folder, wrong);
    if (wrong)
        return failure{errc::broken, opt_.folder.string() + " cannot be made: " + wrong.message()};
    if (auto done = make_certificates(); !done) return done;
    if (auto done = read_archive(); !done) return done;
    net::tls_server_context::options tls;
    tls.certificate = opt_.folder / "server.crt";
    tls.key         = opt_.folder / "server.key";
    auto listening  = endpoint_.start(opt_.listen, tls);
    if (!listening && listening.error().code == errc::conflict)  // taken since it was chosen
        listening = endpoint_.start({opt_.listen.address(), 0}, tls);
    if (!listening) return listening;
    return write_private(kubeconfig_file(), kubeconfig());
}

task<void> local_api::stop() {
    co_await endpoint_.stop();
}

sandbox::api_store& local_api::shoot(const std::string& technical_id) {
    auto& mine = shoots_[technical_id];
    if (!mine) {
        mine = std::make_unique<sandbox::api_store>(
            time_, sandbox::api_store::options{.history = 100}
        );
        server_.mount(std::string(shoots_path) + technical_id, *mine);
    }
    return *mine;
}

void local_api::forget_shoot(const std::string& technical_id) {
    server_.unmount(std::string(shoots_path) + technical_id);
    shoots_.erase(technical_id);
}

result<void> local_api::read_archive() {
    const auto& file = opt_.archive;
    if (file.empty() || !std::filesystem::exists(file)) return {};
    std::ifstream      in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in)
        return failure{errc::broken, file.string() + " cannot be read: " + std::strerror(errno)};
    auto read = sandbox::read_archive(text.view());
    if (!read) return set_aside(read.error().detail);
    for (auto& [path, all] : *read) {
        auto& to = path.starts_with(shoots_path) ? shoot(path.substr(shoots_path.size())) : store_;
        to.take_over(std::move(all));
    }
    written_ = now_at();
    return {};
}

result<void> local_api::set_aside(const std::string& why) {
    const auto& file  = opt_.archive;
    const auto  aside = file.string() + ".damaged";
    if (::rename(file.c_str(), aside.c_str()) != 0) return cannot_write(aside);
    warning_ = file.string() + ", the objects of the last start, cannot be understood: " + why +
               "; it is kept as " + aside + ", and there are new ones";
    return {};
}

sandbox::api_contents local_api::contents() const {
    sandbox::api_contents all;
    all.emplace("", store_.whole());
    for (const auto& [id, store] : shoots_)
        all.emplace(std::string(shoots_path) + id, store->whole());
    return all;
}

local_api::versions local_api::now_at() const {
    versions all{{"", store_.version()}};
    for (const auto& [id, store] : shoots_) all.emplace(id, store->version());
    return all;
}

result<void> local_api::write_archive() {
    if (opt_.archive.empty()) return {};
    const auto              at = now_at();
    sandbox::archive_writer from(contents());
    replacement             to(opt_.archive);
    for (auto text = from.next(); !text.empty(); text = from.next())
        if (auto done = to.append(text); !done) return done;
    if (auto done = to.sync(); !done) return done;
    if (auto done = to.take_its_place(); !done) return done;
    written_ = at;
    return {};
}

/// As write_archive(), but others have their turn in between, and the disk is not waited for: that
/// outlives our end, if not the machine's.
task<result<void>> local_api::write_slowly() {
    const auto              at = now_at();
    sandbox::archive_writer from(contents());
    replacement             to(opt_.archive);
    for (auto text = from.next(); !text.empty(); text = from.next()) {
        auto done = to.append(text);
        if (!done) co_return done;
        co_await asio::post(loop_, asio::use_awaitable);
    }
    auto done = to.take_its_place();
    if (done) written_ = at;
    co_return done;
}

task<void> local_api::keep_archive() {
    constexpr auto pause = 3s;
    const auto     clock = time_.make_bell();
    auto           rest  = std::chrono::duration_cast<steady_time::duration>(pause);
    log_gate       gate(60s);
    while (!opt_.archive.empty()) {
        co_await clock->wait_until(time_.now() + rest);
        rest = pause;
        if (now_at() == written_) continue;
        const auto begun = time_.now();
        const auto done  = co_await write_slowly();
        // Many objects take long to write; most of the time is for other work.
        rest = std::max(rest, 20 * (time_.now() - begun));
        if (done) continue;
        if (const auto held = gate.open(time_.now()))
            log_of("sandbox").warn(
                "objects are not kept why=\"{}\" suppressed={}", done.error().detail, *held
            );
    }
}

std::string local_api::kubeconfig(const std::string& technical_id) const {
    const auto at = "https://localhost:" + std::to_string(port()) +
                    (technical_id.empty() ? "" : std::string(shoots_path) + technical_id);
    const auto  name = technical_id.empty() ? "falconer-sandbox" : technical_id;
    const value cluster{
        {"name", name},
        {"cluster", {{"server", at}, {"certificate-authority-data", encode_base64(authority_)}}}
    };
    const value user{{"name", name}, {"user", {{"token", token_.reveal()}}}};
    const value context{{"name", name}, {"context", {{"cluster", name}, {"user", name}}}};
    return yaml_text(
        {{"apiVersion", "v1"},
         {"kind", "Config"},
         {"current-context", name},
         {"clusters", value::list_type{cluster}},
         {"users", value::list_type{user}},
         {"contexts", value::list_type{context}}}
    );
}

}  // namespace falconer::app
