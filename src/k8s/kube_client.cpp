#include "kube_client.hpp"

#include "api_status.hpp"
#include "falconer/async.hpp"
#include "falconer/turnstile.hpp"
#include "requests.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
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
    /// It was refused. True: there is another one now.
    bool refused() {
        if (file_.empty()) return false;
        const auto before = token_.reveal();
        read();
        return token_.reveal() != before;
    }

private:
    void read() {
        due_ = time_.now() + age_;
        std::ifstream in(file_, std::ios::binary);
        std::string   text{std::istreambuf_iterator<char>(in), {}};
        while (text.ends_with('\n')) text.pop_back();
        // What is unreadable for a moment is no reason to forget what we have.
        if (in.is_open() && !text.empty()) token_ = secret(std::move(text));
    }

    time_source&          time_;
    secret                token_;
    std::filesystem::path file_;
    std::chrono::seconds  age_;
    steady_time           due_ = steady_time::min();
};

class kube_client final : public kube_api {
public:
    kube_client(
        const asio::any_io_executor& loop, time_source& time, kube_access access,
        kube_client_options opt, std::unique_ptr<net::http_client> http
    )
        : time_(time), place_(std::move(access.place)), path_(std::move(access.path)),
          bearer_(time, std::move(access.token), std::move(access.token_file), opt.token_age),
          opt_(std::move(opt)), http_(std::move(http)), turns_(loop, opt_.at_once) {}

    task<result<value>> get(kube_type type, kube_key key) override {
        co_return co_await ask(get_request(type, key), "reading " + name_of(type, key));
    }

    task<result<kube_page>> list(kube_type type, kube_selection which, kube_page_request page)
        override {
        auto asked = list_request(type, which, page);
        auto got   = co_await ask(std::move(asked), "listing " + type.plural);
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

    /// Waits for its turn, and as often as the server says that there is too much to do.
    task<result<net::http_response>> send(net::http_request request) {
        co_await turns_.enter();
        const place_in turn(turns_);
        const auto     clock  = time_.make_bell();
        bool           denied = false;
        for (int tries = 1;; ++tries) {
            auto signed_request = finish(request);
            auto answer         = co_await http_->send(place_, std::move(signed_request));
            if (!answer) co_return answer;
            if (answer->status == 401 && !std::exchange(denied, true) && bearer_.refused())
                continue;
            if (answer->status != 429 || tries >= opt_.patience) co_return answer;
            co_await clock->wait_until(time_.now() + retry_after(*answer).value_or(1s));
        }
    }

    task<result<value>> ask(result<net::http_request> request, std::string doing) {
        if (!request) co_return std::move(request).error().while_doing(doing);
        auto answer = co_await send(std::move(*request));
        if (!answer) co_return std::move(answer).error().while_doing(doing);
        if (answer->status >= 300) co_return failure_of(*answer).while_doing(doing);
        auto read = parse_json(answer->body);
        if (!read) co_return std::move(read).error().while_doing(doing);
        co_return std::move(*read);
    }

    static void tell(std::vector<kube_event> events, kube_listener& to) {
        for (auto& each : events) to.heard(std::move(each));
    }

    task<void> list_for(
        watch_machine& machine, const kube_type& type, const kube_selection& which,
        std::string next, kube_listener& to
    ) {
        kube_page_request wanted{.next = std::move(next)};
        auto              page = co_await list(type, which, std::move(wanted));
        if (page) {
            tell(machine.listed(std::move(*page)), to);
            co_return;
        }
        co_await end_if_cancelled();
        to.troubled(page.error());
        machine.ended(std::move(page).error());
    }

    /// What fails because nobody waits for it any more is no trouble.
    static task<void> end_if_cancelled() {
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            throw std::system_error(asio::error::operation_aborted);
    }

    /// A line is an event. False: enough.
    bool take_lines(std::string& waiting, watch_machine& machine, kube_listener& to) const {
        std::size_t begin = 0;
        for (auto end = waiting.find('\n'); end != std::string::npos;
             end      = waiting.find('\n', begin)) {
            const std::string_view line(waiting.data() + begin, end - begin);
            begin = end + 1;
            if (line.find_first_not_of(" \r") == line.npos) continue;
            auto event = parse_json(line);
            tell(machine.told(event ? std::move(*event) : value{}), to);
        }
        waiting.erase(0, begin);
        return waiting.size() <= opt_.line_bytes;
    }

    task<void> watch_for(
        watch_machine& machine, const kube_type& type, const kube_selection& which,
        std::string from, kube_listener& to
    ) {
        auto request = watch_request(type, which, from, opt_.watch);
        if (!request) {
            to.troubled(request.error());
            machine.ended(std::move(request).error());
            co_return;
        }
        std::string waiting;
        bool        too_long = false;
        auto        hear     = [&](std::string_view piece) {
            if (piece.empty()) to.goes_on();
            waiting  += piece;
            too_long  = !take_lines(waiting, machine, to);
            return !too_long;
        };
        auto signed_request = finish(std::move(*request));
        auto answer = co_await http_->stream(place_, std::move(signed_request), hear, opt_.silence);
        co_await end_if_cancelled();
        std::optional<failure> why;
        if (!answer)
            why = std::move(answer).error();
        else if (answer->status == 401 && bearer_.refused())
            why = failure{errc::denied, "the token was refused; there is a new one"};
        else if (answer->status >= 300)
            why = failure_of(*answer);
        else if (too_long)
            why = failure{errc::too_large, "an event is too large"};
        if (why) {
            why = std::move(*why).while_doing("watching " + type.plural);
            to.troubled(*why);
        }
        machine.ended(why);
    }

    time_source&                      time_;
    net::http_place                   place_;
    std::string                       path_;
    bearer                            bearer_;
    kube_client_options               opt_;
    std::unique_ptr<net::http_client> http_;
    turnstile                         turns_;
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
    auto http       = net::make_http_client(loop, time, std::move(how));
    if (!http) return std::move(http).error();
    return std::unique_ptr<kube_api>(std::make_unique<kube_client>(
        loop, time, std::move(access), std::move(opt), std::move(*http)
    ));
}

}  // namespace falconer::k8s
