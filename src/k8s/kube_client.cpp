#include "kube_client.hpp"

#include "api_status.hpp"
#include "client_counts.hpp"
#include "clock_skew.hpp"
#include "falconer/async.hpp"
#include "falconer/json_path.hpp"
#include "falconer/log.hpp"
#include "falconer/read_file.hpp"
#include "falconer/spelling.hpp"
#include "falconer/turnstile.hpp"
#include "requests.hpp"
#include "watch_lines.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <system_error>
#include <utility>

namespace falconer::k8s {
namespace {

using namespace std::chrono_literals;

/// The token of the moment.
class bearer {
public:
    bearer(time_source& time, secret fixed, std::filesystem::path file, std::chrono::seconds age)
        : time_(time), token_(std::move(fixed)), file_(std::move(file)), age_(age) {}

    const secret& token() {
        if (!file_.empty() && time_.now() >= due_) read();
        return token_;
    }
    /// What is wrong with its file; empty: nothing.
    const std::string& wrong() const noexcept { return wrong_; }
    /// It was refused. True: there is another one now.
    bool refused() {
        if (file_.empty()) return false;
        const auto before = token_.reveal();
        read();
        return token_.reveal() != before;
    }

private:
    void read() {
        due_      = time_.now() + age_;
        auto text = read_file(file_);
        // What is unreadable for a moment is no reason to forget what we have.
        if (!text) {
            wrong_ = "token file " + file_.string() + " cannot be read: " + text.error().detail;
            return;
        }
        auto token = trimmed_token(*text);
        wrong_     = is_token(token) ? "" : "token file " + file_.string() + " holds no token";
        if (wrong_.empty()) token_ = secret(std::move(token));
    }

    time_source&          time_;
    secret                token_;
    std::filesystem::path file_;
    std::chrono::seconds  age_;
    std::string           wrong_{};
    steady_time           due_ = steady_time::min();
};

/// Whoever goes on trying anyway, and has something to tell of each time, wants no help with it.
enum class again : std::uint8_t { if_safe, never };

constexpr std::array<std::string_view, 4> writers_of_items{
    "items", "*", "metadata", "managedFields"
};

/// What 401 means to somebody who asks in this way.
std::string denied_text(const kube_access& access) {
    if (!access.token.empty() || !access.token_file.empty())
        return "the token is not this cluster's, or has expired";
    if (!access.certificate.empty())
        return "the client certificate is not this cluster's, or has expired";
    return "neither a token nor a client certificate is given";
}

std::string place_text(const kube_access& access) {
    const auto& to   = access.place;
    const bool  six  = to.host.find(':') != std::string::npos;
    const auto  host = six ? '[' + to.host + ']' : to.host;
    return host + ':' + std::to_string(to.port) + access.path;
}

class kube_client final : public kube_api {
public:
    kube_client(
        const asio::any_io_executor& loop, time_source& time, kube_access access,
        kube_client_options opt, std::unique_ptr<net::http_client> http
    )
        : time_(time), where_(place_text(access)), denied_(denied_text(access)),
          place_(std::move(access.place)), path_(std::move(access.path)),
          bearer_(time, std::move(access.token), std::move(access.token_file), opt.token_age),
          opt_(std::move(opt)), http_(std::move(http)), turns_(loop, opt_.at_once),
          counts_(opt_.metrics == nullptr ? uncounted_ : *opt_.metrics, opt_.cluster) {}

    task<result<value>> get(kube_type type, kube_key key) override {
        co_return co_await ask(get_request(type, key), "reading " + name_of(type, key));
    }

    task<result<kube_page>> list(kube_type type, kube_selection which, kube_page_request page)
        override {
        co_return co_await pages(
            std::move(type), std::move(which), std::move(page), again::if_safe
        );
    }
    task<result<kube_page>> pages(
        kube_type type, kube_selection which, kube_page_request page, again how
    ) {
        auto asked = list_request(type, which, page);
        // Whoever follows does not hear who has written which fields: see event_in().
        const auto left_out = how == again::never ? json_path(writers_of_items) : json_path{};
        auto       got = co_await ask(std::move(asked), "listing " + type.plural, how, left_out);
        if (!got) co_return std::move(got).error();
        kube_page read;
        read.resource_version = got->text_at({"metadata", "resourceVersion"});
        read.next             = got->text_at({"metadata", "continue"});
        if (auto* items = got->find("items"))
            for (std::size_t i = 0; i < items->items().size(); ++i)
                read.items.push_back(std::move(items->item(i)));
        if (read.resource_version.empty())
            co_return failure{errc::malformed, "listing " + type.plural + ": no resourceVersion"};
        co_return std::move(read);
    }

    task<result<value>> create(kube_type type, kube_key key, value object, kube_write how)
        override {
        co_return co_await ask(
            create_request(type, key, object, how), "creating " + name_of(type, key)
        );
    }
    task<result<value>> update(kube_type type, kube_key key, value object, kube_write how)
        override {
        co_return co_await ask(
            update_request(type, key, object, how), "updating " + name_of(type, key)
        );
    }
    task<result<value>> merge_patch(kube_type type, kube_key key, value object, kube_write how)
        override {
        co_return co_await ask(
            merge_patch_request(type, key, object, how), "patching " + name_of(type, key)
        );
    }
    task<result<value>> apply(kube_type type, kube_key key, value object, kube_apply how) override {
        co_return co_await ask(
            apply_request(type, key, object, how), "applying " + name_of(type, key)
        );
    }
    task<result<void>> remove(kube_type type, kube_key key, kube_removal how) override {
        auto done = co_await ask(remove_request(type, key, how), "deleting " + name_of(type, key));
        if (!done) co_return std::move(done).error();
        co_return result<void>{};
    }

    task<result<std::string>> server_version() override {
        net::http_request request{.target = "/version"};
        auto              asked = result<net::http_request>(std::move(request));
        auto              got   = co_await ask(std::move(asked), "asking for the version");
        if (!got) co_return std::move(got).error();
        co_return std::string(got->text_at({"gitVersion"}));
    }

    task<void> follow(kube_type type, kube_selection which, kube_listener& to) override {
        watch_machine machine(opt_.pauses, opt_.chance);
        const auto    clock = time_.make_bell();
        for (;;) {
            const auto wanted = machine.next();
            if (wanted.pause > 0ms) co_await clock->wait_until(time_.now() + wanted.pause);
            if (wanted.kind == watch_machine::request::what::list)
                co_await list_for(machine, type, which, wanted.next, to);
            else
                co_await watch_for(machine, type, which, wanted.resource_version, to);
        }
    }

private:
    net::http_request finish(net::http_request request) {
        request.target = path_ + request.target;
        if (const auto& token = bearer_.token(); !token.empty())
            request.headers.add("Authorization", "Bearer " + token.reveal());
        // Fields that we write are known by this name. Source: apiserver, managedFields.
        request.headers.add("User-Agent", "falconer");
        return request;
    }

    /// Waits for its turn, and sends as often as that is safe: what the server has put off,
    /// whatever it was; reads, when nobody or nobody in charge has answered.
    task<result<net::http_response>> send(net::http_request request, again how) {
        co_await turns_.enter();
        const place_in turn(turns_);
        const auto     clock  = time_.make_bell();
        const bool     reads  = request.method == "GET" && how == again::if_safe;
        bool           denied = false;
        if (request.method == "GET") request.headers.add("Accept-Encoding", "gzip");
        for (int tries = 1;; ++tries) {
            auto       signed_request = finish(request);
            const auto sent           = time_.utc();
            counts_.requests.add();
            auto answer = co_await http_->send(place_, std::move(signed_request));
            if (answer) compare_clocks(*answer, sent);
            if (answer && answer->status == 401 && !std::exchange(denied, true) &&
                bearer_.refused()) {
                counts_.token.add();
                continue;
            }
            const auto pause = pause_before_next(answer, reads, tries);
            if (!pause) co_return answer;
            (answer && answer->status == 429 ? counts_.busy : counts_.away).add();
            co_await clock->wait_until(time_.now() + *pause);
        }
    }

    void compare_clocks(const net::http_response& answer, utc_time sent) {
        const auto date = answer.headers.find("Date");
        if (!date) return;
        const auto news = clock_.heard(*date, sent, time_.utc());
        if (news == clock_skew::news::none) return;
        if (news == clock_skew::news::apart)
            log_of("kube").warn("{}", clock_sentence(clock_.apart(), where_));
        else
            log_of("kube").info("our clock and the API server's agree again at={}", where_);
        if (opt_.skewed) opt_.skewed(clock_.apart());
    }

    /// Nothing: what there is is the answer. With a jitter, so that many do not come back at once.
    std::optional<std::chrono::milliseconds> pause_before_next(
        const result<net::http_response>& answer, bool reads, int tries
    ) {
        if (tries >= opt_.patience) return {};
        const auto jitter = 1 + 0.1 * opt_.chance();
        const auto longer = [&](std::chrono::milliseconds from) {
            return std::chrono::duration_cast<std::chrono::milliseconds>(from * jitter);
        };
        if (answer && answer->status == 429)
            return longer(retry_after(*answer).value_or(std::chrono::seconds(1)));
        const bool nobody = answer ? answer->status >= 502 && answer->status <= 504
                                   : answer.error().code == errc::unavailable;
        if (!reads || !nobody) return {};
        if (const auto told = answer ? retry_after(*answer) : std::nullopt) return longer(*told);
        return longer(opt_.reread * (1 << (tries - 1)));
    }

    /// What the server says of the object that was meant needs no more words; of everything else
    /// the sentence says whose answer it is.
    failure refused(const net::http_response& answer, const std::string& doing) const {
        auto why = failure_of(answer);
        if (answer.status == 401) {
            why.detail += ": " + (bearer_.wrong().empty() ? denied_ : bearer_.wrong());
            if (const auto apart = clock_.apart(); apart.count() != 0)
                why.detail += "; " + clock_sentence(apart, where_);
        }
        const bool of_object =
            why.code == errc::not_found || why.code == errc::conflict ||
            why.code == errc::already_exists || why.code == errc::expired ||
            (why.code == errc::malformed && (answer.status == 400 || answer.status == 422));
        if (!of_object) why = std::move(why).while_doing("asking " + where_);
        return std::move(why).while_doing(doing);
    }

    task<result<value>> ask(
        result<net::http_request> request, std::string doing, again how = again::if_safe,
        json_path left_out = {}
    ) {
        if (!request) co_return std::move(request).error().while_doing(doing);
        auto answer = co_await send(std::move(*request), how);
        if (!answer) co_return std::move(answer).error().while_doing(doing);
        if (answer->status >= 300) co_return refused(*answer, doing);
        auto read = parse_json(answer->body, left_out);
        if (read && read->is_map()) co_return std::move(*read);
        const auto type = answer->headers.find("Content-Type").value_or("");
        const auto why  = read ? "found " + described(*read) : read.error().detail;
        co_return failure{
            errc::malformed, doing + ": asking " + where_ + ": the answer is no JSON object (" +
                                 in_one_line(type) + "): " + why
        };
    }

    void tell(std::vector<kube_event> events, kube_listener& to) {
        for (auto& each : events) {
            if (each.kind == kube_event::what::init_begin) counts_.lists.add();
            to.heard(std::move(each));
        }
    }
    void trouble(const failure& why, kube_listener& to) {
        counts_.troubles.add();
        to.troubled(why);
    }

    task<void> list_for(
        watch_machine& machine, const kube_type& type, const kube_selection& which,
        std::string next, kube_listener& to
    ) {
        kube_page_request wanted{.next = std::move(next)};
        auto              page = co_await pages(type, which, std::move(wanted), again::never);
        if (page) {
            tell(machine.listed(std::move(*page)), to);
            co_return;
        }
        co_await end_if_cancelled();
        trouble(page.error(), to);
        machine.ended(std::move(page).error());
    }

    /// What fails because nobody waits for it any more is no trouble.
    static task<void> end_if_cancelled() {
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            throw std::system_error(asio::error::operation_aborted);
    }

    task<void> watch_for(
        watch_machine& machine, const kube_type& type, const kube_selection& which,
        std::string from, kube_listener& to
    ) {
        auto request = watch_request(type, which, from, opt_.watch);
        if (!request) {
            trouble(request.error(), to);
            machine.ended(std::move(request).error());
            co_return;
        }
        watch_lines lines(opt_.line_bytes);
        bool        too_long = false;
        auto        hear     = [&](std::string_view piece) {
            if (piece.empty()) to.goes_on();
            too_long = !lines.add(piece, [&](std::string_view line) {
                tell(machine.told(event_in(line)), to);
            });
            return !too_long;
        };
        const auto begun          = time_.now();
        auto       signed_request = finish(std::move(*request));
        auto answer = co_await http_->stream(place_, std::move(signed_request), hear, opt_.silence);
        const auto lasted =
            std::chrono::duration_cast<std::chrono::milliseconds>(time_.now() - begun);
        co_await end_if_cancelled();
        std::optional<failure> why;
        if (!answer)
            why = std::move(answer).error();
        else if (answer->status == 401 && bearer_.refused())
            why = failure{errc::denied, "the token was refused; there is a new one"};
        else if (answer->status >= 300)
            why = refused(*answer, "watching " + type.plural);
        else if (too_long)
            why = failure{errc::too_large, "an event is too large"}.while_doing("asking " + where_);
        if (why) {
            if (!why->detail.starts_with("watching "))
                why = std::move(*why).while_doing("watching " + type.plural);
            trouble(*why, to);
        }
        machine.ended(why, lasted);
    }

    time_source&                      time_;
    std::string                       where_, denied_;  // for sentences
    net::http_place                   place_;
    std::string                       path_;
    bearer                            bearer_;
    kube_client_options               opt_;
    std::unique_ptr<net::http_client> http_;
    turnstile                         turns_;
    clock_skew                        clock_{};
    metrics_registry                  uncounted_{};
    client_counts                     counts_;
};

double any_chance() {
    static std::mt19937_64 random{std::random_device{}()};
    return std::uniform_real_distribution<>(0, 1)(random);
}

}  // namespace

result<std::unique_ptr<kube_api>> make_kube_client(
    asio::any_io_executor loop, time_source& time, kube_access access, kube_client_options opt
) {
    if (!opt.chance) opt.chance = any_chance;
    net::http_client::options how{.spare = opt.at_once, .answer = opt.answer};
    how.body_bytes  = std::uint64_t{64} << 20;
    how.ca          = access.ca;
    how.certificate = access.certificate;
    how.key         = access.key;
    how.server_name = access.server_name;
    how.anybody     = access.anybody;
    if (access.anybody)
        log_of("kube").warn(
            "the certificate of the API server is not looked at at={}", place_text(access)
        );
    auto http = net::make_http_client(loop, time, std::move(how));
    if (!http) return std::move(http).error();
    return std::unique_ptr<kube_api>(std::make_unique<kube_client>(
        loop, time, std::move(access), std::move(opt), std::move(*http)
    ));
}

}  // namespace falconer::k8s
