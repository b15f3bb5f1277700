#include "additional_resources.hpp"

#include "falconer/log.hpp"
#include "kube_types.hpp"
#include "managed_delivery.hpp"

#include <algorithm>
#include <utility>

namespace falconer::actors {
namespace {

constexpr const char* prefix = "falco-additional-";
constexpr const char* label  = "falco.gardener.cloud/additional-resource";

falco::managed_resource_name name_of(const std::string& one, const std::string& home) {
    return {
        .name           = prefix + one,
        .namespace_name = home,
        .secret_prefix  = std::string("managedresource-") + prefix + one,
        .resource_class = "seed",
        .labels         = {{label, "true"}},
    };
}

}  // namespace

task<void> additional_resources::run() {
    const auto clock = time_.make_bell();
    for (;;) {
        co_await look();
        co_await clock->wait_until(time_.now() + every_);
    }
}

task<void> additional_resources::look() {
    const auto wanted = around_.settings.additional;  // a copy: it may change while we wait
    bool       well   = true;
    for (const auto& each : wanted) {
        auto done = co_await bring(each);
        if (done) continue;
        say(each.name, done.error());
        well = false;
    }
    auto cleared = co_await clear_up();
    if (!cleared) say("others", cleared.error());
    if (well && cleared) last_trouble_.clear();
}

void additional_resources::say(const std::string& name, const failure& why) {
    auto words = name + ": " + why.detail;
    if (words == last_trouble_) return;
    log_of("additional").warn("not delivered name={} reason=\"{}\"", name, why.detail);
    last_trouble_ = std::move(words);
}

task<result<void>> additional_resources::bring(const falco::additional_resource& one) {
    const auto domain = around_.seed ? around_.seed->text_at({"spec", "ingress", "domain"}) : "";
    auto       items  = falco::objects_of(one, home_, domain);
    if (!items) co_return std::move(items).error();
    auto     to = name_of(one.name, home_);
    kube_key key{home_, to.name};
    auto     was = co_await seed_.get(falco::managed_resources, std::move(key));
    if (!was && was.error().code != errc::not_found) co_return std::move(was).error();
    const value before = was ? std::move(*was) : value{};
    auto        done   = co_await deliver(seed_, std::move(to), *items, before, around_.parts);
    if (!done) co_return std::move(done).error();
    co_return result<void>{};
}

/// Those that are no longer configured.
task<result<void>> additional_resources::clear_up() {
    kube_selection which;
    which.namespace_name = home_;
    which.labels         = std::string(label) + "=true";
    kube_page_request page;
    auto              all = co_await seed_.list(falco::managed_resources, which, page);
    if (!all) co_return std::move(all).error();
    for (const auto& each : all->items) {
        const auto name   = each.text_at({"metadata", "name"});
        const bool wanted = std::ranges::any_of(around_.settings.additional, [&](const auto& one) {
            return prefix + one.name == name;
        });
        if (wanted) continue;
        auto gone = co_await withdraw(seed_, each);
        if (!gone) co_return std::move(gone).error();
    }
    co_return result<void>{};
}

}  // namespace falconer::actors
