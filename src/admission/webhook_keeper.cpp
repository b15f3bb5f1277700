#include "webhook_keeper.hpp"

#include "falconer/falco/credentials_plan.hpp"
#include "falconer/log.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace falconer::admissions {
namespace {

using namespace std::chrono_literals;
using std::chrono::duration_cast;

const kube_type secrets_type{.kind = "Secret", .plural = "secrets"};
const kube_type namespaces_type{.kind = "Namespace", .plural = "namespaces", .namespaced = false};

constexpr int  most_steps    = 20;  // of one look; each is followed by reading anew
constexpr auto gather        = 1s;  // what comes together is looked at once
constexpr auto first_retry   = 2s;
constexpr auto longest_retry = 60s;

bool somebody_was_faster(const failure& why) {
    return why.code == errc::conflict || why.code == errc::already_exists;
}

}  // namespace

/// Hears that something has changed; what, is read anew.
class webhook_keeper::ear final : public kube_listener {
public:
    ear(kube_api& api, kube_type type, kube_selection which, bell& rings)
        : api_(api), type_(std::move(type)), which_(std::move(which)), rings_(rings) {}

    void heard(kube_event event) override {
        if (event.kind != kube_event::what::init_begin) rings_.ring();
    }
    task<void> run() { return api_.follow(type_, which_, *this); }

private:
    kube_api&      api_;
    kube_type      type_;
    kube_selection which_;
    bell&          rings_;
};

struct webhook_keeper::findings {
    value                secret{};          // null: it is not there
    std::array<value, 2> configurations{};  // in the order of webhook_kinds

    std::vector<std::string> bundles() const {
        std::vector<std::string> all;
        for (const auto& each : configurations) all.push_back(bundle_in(each));
        return all;
    }
};

webhook_keeper::webhook_keeper(
    asio::any_io_executor loop, time_source& time, metrics_registry& metrics, kube_api& source,
    kube_api& garden, options opt, presenter present
)
    : time_(time), source_(source), garden_(garden), opt_(std::move(opt)),
      present_(std::move(present)), writes_(metrics.make_counter(
                                        "falconer_admission_webhook_writes_total",
                                        "Writes of the webhook's certificates and configurations."
                                    )),
      failures_(metrics.make_counter(
          "falconer_admission_webhook_failures_total",
          "Looks at the webhook's certificates and configurations that failed."
      )),
      expires_(metrics.make_gauge(
          "falconer_admission_certificate_expires_timestamp_seconds",
          "When the certificate that is presented to API servers expires."
      )),
      bell_(time.make_bell()), scope_(std::move(loop)) {
    const kube_selection ours{.fields = std::string("metadata.name=") + webhook_configuration};
    const kube_selection secret{
        .namespace_name = opt_.namespace_name, .fields = "metadata.name=" + opt_.secret
    };
    ears_[0] = std::make_unique<ear>(source_, secrets_type, secret, *bell_);
    for (std::size_t i = 0; i < webhook_kinds.size(); ++i)
        ears_[i + 1] = std::make_unique<ear>(garden_, type_of(webhook_kinds[i]), ours, *bell_);
}

webhook_keeper::~webhook_keeper() = default;

void webhook_keeper::start() {
    for (auto& each : ears_)
        scope_.keep("webhook watch", time_, [ear = each.get()] { return ear->run(); });
    scope_.keep("webhook keeper", time_, [this] { return run(); });
}

void webhook_keeper::lead(bool is) {
    leads_ = is;
    bell_->ring();
}

std::string webhook_keeper::missing() const {
    return presented_.certificate.empty() ? why_ : std::string{};
}

task<void> webhook_keeper::pause(steady_time until) {
    const auto clock = time_.make_bell();
    co_await clock->wait_until(until);
}

task<void> webhook_keeper::run() {
    std::chrono::milliseconds retry = first_retry;
    for (;;) {
        const auto next = co_await look();
        if (!next) {
            failures_.add();
            why_ = next.error().detail;
            log_of("admission").warn("the webhook is not looked after reason=\"{}\"", why_);
            const auto share = opt_.chance ? 0.5 + opt_.chance() / 2 : 1.0;
            co_await pause(time_.now() + duration_cast<steady_time::duration>(retry * share));
            retry = std::min<std::chrono::milliseconds>(retry * 2, longest_retry);
            continue;
        }
        retry           = first_retry;
        const auto left = std::clamp<utc_time::duration>(*next - time_.utc(), gather, opt_.every);
        co_await bell_->wait_until(time_.now() + duration_cast<steady_time::duration>(left));
        co_await pause(time_.now() + gather);
    }
}

/// Null: it does not exist.
task<result<value>> webhook_keeper::find(kube_api& api, kube_type type, kube_key key) {
    auto got = co_await api.get(std::move(type), std::move(key));
    if (!got && got.error().code == errc::not_found) co_return value{};
    co_return got;
}

task<result<webhook_keeper::findings>> webhook_keeper::read() {
    findings       found;
    const kube_key secret_key{opt_.namespace_name, opt_.secret};
    auto           secret = co_await find(source_, secrets_type, secret_key);
    if (!secret) co_return std::move(secret).error().while_doing("Secret " + secret_key.text());
    found.secret = std::move(*secret);
    for (std::size_t i = 0; i < webhook_kinds.size(); ++i) {
        const auto     type = type_of(webhook_kinds[i]);
        const kube_key key{{}, webhook_configuration};
        auto           one = co_await find(garden_, type, key);
        if (!one) co_return std::move(one).error().while_doing(type.kind);
        found.configurations[i] = std::move(*one);
    }
    co_return found;
}

/// Over the very one that was read.
task<result<value>> webhook_keeper::write(
    kube_api& api, kube_type type, kube_key key, value object
) {
    const bool       is_new = resource_version_of(object).empty();
    const kube_write how{};
    const auto       what = type.kind + " " + key.text();
    auto done   = is_new ? api.create(std::move(type), std::move(key), std::move(object), how)
                         : api.update(std::move(type), std::move(key), std::move(object), how);
    auto answer = co_await std::move(done);
    if (!answer) co_return std::move(answer).error().while_doing(what);
    writes_.add();
    co_return answer;
}

/// With whose end the configurations are to end. Another one of the same name is another owner.
task<void> webhook_keeper::find_owner() {
    if (opt_.owner_namespace.empty()) co_return;
    const kube_key key{{}, opt_.owner_namespace};
    const auto     space = co_await garden_.get(namespaces_type, key);
    if (space) {
        owner_ = {opt_.owner_namespace, std::string(space->text_at({"metadata", "uid"}))};
        co_return;
    }
    if (space.error().code == errc::not_found) owner_ = {};
    log_of("admission")
        .warn("the owner's namespace cannot be read reason=\"{}\"", space.error().detail);
}

/// Whether anything was written.
task<result<bool>> webhook_keeper::publish(const findings& found, const std::string& trust) {
    const auto how     = leads_ ? webhook_repair::everything : webhook_repair::bundle;
    bool       written = false;
    for (std::size_t i = 0; i < webhook_kinds.size(); ++i) {
        auto wanted = wanted_configuration(
            webhook_kinds[i], found.configurations[i], opt_.address, owner_, trust, how
        );
        if (!wanted) continue;
        const auto     type = type_of(webhook_kinds[i]);
        const kube_key key{{}, webhook_configuration};
        auto           done = co_await write(garden_, type, key, std::move(*wanted));
        if (!done) co_return std::move(done).error();
        log_of("admission").info("the webhook is registered kind={}", type.kind);
        written = true;
    }
    co_return written;
}

/// Called when all bundles hold the authority of `plan`. What we present already is good enough
/// until API servers have heard of a new one. Returns when to look again.
result<utc_time> webhook_keeper::present(const webhook_certificate_plan& plan) {
    const auto now = time_.utc();
    if (trusted_ != plan.authority) {
        trusted_       = plan.authority;
        trusted_since_ = now;
    }
    if (plan.serving.certificate == presented_.certificate) return plan.look_again;
    const auto names = names_of(opt_.address);
    const auto check = [&](const falco::key_pair& leaf, const std::string& authority) {
        return falco::check_leaf(leaf, authority, falco::leaf_usage::server, names, now);
    };
    const auto settled = trusted_since_ + opt_.policy.settle;
    if (presented_authority_ != plan.authority && check(presented_, presented_authority_) &&
        now < settled)
        return std::min(plan.look_again, settled);
    if (auto done = present_(plan.serving); !done) return std::move(done).error();
    presented_           = plan.serving;
    presented_authority_ = plan.authority;
    const auto until     = check(presented_, presented_authority_).valid_until;
    expires_.set(std::chrono::duration<double>(until.time_since_epoch()).count());
    log_of("admission").info("a new certificate is presented names={}", names.front());
    return plan.look_again;
}

/// Returns when to look again.
task<result<utc_time>> webhook_keeper::look() {
    const webhook_certificate_want want{.names = names_of(opt_.address), .policy = opt_.policy};
    co_await find_owner();
    for (int steps = 0; steps < most_steps; ++steps) {
        auto found = co_await read();
        if (!found) co_return std::move(found).error();
        std::optional<falco::kept_secret> kept;
        if (!found->secret.is_null()) {
            auto as = falco::as_kept(found->secret);
            // What nobody can read is as good as lost, and made anew.
            kept = as ? std::move(*as) : falco::kept_secret{};
        }
        auto plan = plan_webhook_certificates(kept, want, found->bundles(), time_.utc());
        if (!plan) co_return std::move(plan).error();
        if (plan->write) {
            auto object = falco::as_object(plan->kept, opt_.secret, opt_.namespace_name);
            if (!found->secret.is_null())
                object["metadata"]["resourceVersion"] = resource_version_of(found->secret);
            const kube_key key{opt_.namespace_name, opt_.secret};
            auto           done = co_await write(source_, secrets_type, key, std::move(object));
            if (!done && !somebody_was_faster(done.error())) co_return std::move(done).error();
            if (done)
                log_of("admission")
                    .info(
                        "the webhook's certificates step=\"{}\" because=\"{}\"",
                        text_of(plan->step), plan->why
                    );
            continue;
        }
        auto written = co_await publish(*found, plan->trust);
        if (!written && !somebody_was_faster(written.error())) co_return std::move(written).error();
        if (!written || *written) continue;
        co_return present(*plan);
    }
    co_return failure{errc::conflict, "others change the webhook's certificates all the time"};
}

}  // namespace falconer::admissions
