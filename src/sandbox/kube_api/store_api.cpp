#include "store_api.hpp"

#include <memory>
#include <utility>

namespace falconer::sandbox {
namespace {

std::string named(const char* verb, const kube_type& type, const kube_key& key, kube_part part) {
    return std::string(verb) + " " + type.kind + " " + key.text() +
           (part == kube_part::status ? " status" : "");
}

/// Rings as long as it lives.
class subscription {
public:
    subscription(api_store& store, bell& rings) : store_(store), bell_(rings) {
        store_.ring_on_change(bell_);
    }
    ~subscription() { store_.no_longer_ring(bell_); }
    subscription(const subscription&)            = delete;
    subscription& operator=(const subscription&) = delete;

private:
    api_store& store_;
    bell&      bell_;
};

}  // namespace

template <class Work>
auto store_api::call(std::string what, Work work) -> decltype(work()) {
    switch (decide_ ? decide_(what) : call_fate::goes_well) {
        case call_fate::goes_well: break;
        case call_fate::fails: return failure{errc::unavailable, what + ": no connection"};
        case call_fate::kills_before: throw killed{};
        case call_fate::is_lost: {
            (void)work();
            return failure{errc::unavailable, what + ": the connection was cut"};
        }
        case call_fate::kills_after: {
            (void)work();
            throw killed{};
        }
    }
    return work();
}

task<result<value>> store_api::get(kube_type type, kube_key key) {
    co_return call(named("get", type, key, {}), [&] { return store_.get(type, key); });
}

task<result<kube_page>> store_api::list(
    kube_type type, kube_selection which, kube_page_request page
) {
    co_return call("list " + type.kind, [&] { return store_.list(type, which, page); });
}

task<result<value>> store_api::create(kube_type type, kube_key key, value object, kube_write how) {
    co_return call(named("create", type, key, how.part), [&] {
        return store_.create(type, key, object, how);
    });
}

task<result<value>> store_api::update(kube_type type, kube_key key, value object, kube_write how) {
    co_return call(named("update", type, key, how.part), [&] {
        return store_.update(type, key, object, how);
    });
}

task<result<value>> store_api::merge_patch(
    kube_type type, kube_key key, value object, kube_write how
) {
    co_return call(named("patch", type, key, how.part), [&] {
        return store_.patch(type, key, api_patch_kind::merge, object, how);
    });
}

task<result<value>> store_api::apply(kube_type type, kube_key key, value object, kube_apply how) {
    co_return call(named("apply", type, key, how.part), [&] {
        return store_.apply(type, key, object, how);
    });
}

task<result<void>> store_api::remove(kube_type type, kube_key key, kube_removal how) {
    co_return call(named("delete", type, key, {}), [&]() -> result<void> {
        auto done = store_.remove(type, key, how);
        if (!done) return std::move(done).error();
        return {};
    });
}

task<void> store_api::follow(kube_type type, kube_selection which, kube_listener& to) {
    using what             = kube_event::what;
    const auto rings       = time_.make_bell();
    const auto listening   = subscription(store_, *rings);
    const auto selector    = api_selector::parse(which.labels, which.fields);
    const auto is_selected = [&](const api_change::object& object) {
        return object && (selector->takes_all() || selector->matches(*object->tree()));
    };
    for (;;) {
        while (decide_ && decide_("follow " + type.kind) == call_fate::fails) {
            to.troubled({errc::unavailable, "following " + type.plural + ": no connection"});
            co_await rings->wait_until(time_.now() + std::chrono::seconds(1));
        }
        auto version = store_.version();
        to.heard({.kind = what::init_begin});
        auto all = store_.list(type, which, {.limit = 0});
        for (auto& each : all->items)
            to.heard({.kind = what::init_applied, .object = std::move(each)});
        to.heard({.kind = what::init_done});
        for (;;) {
            const auto changes = store_.since(version);
            if (!changes) break;  // too late: begin anew
            // Copies: whoever hears of a change may make another one.
            std::vector<api_change> told;
            for (const auto* each : *changes) told.push_back(*each);
            for (const auto& each : told) {
                version = each.version;
                if (each.type().group != type.group || each.type().plural != type.plural) continue;
                if (!which.namespace_name.empty() &&
                    each.is().namespace_name() != which.namespace_name)
                    continue;
                if (is_selected(each.after))
                    to.heard({.kind = what::applied, .object = each.after->read()});
                else if (is_selected(each.before))
                    to.heard({.kind = what::deleted, .object = each.before->read()});
            }
            if (told.empty()) co_await rings->wait_until(never);
        }
    }
}

task<result<std::string>> store_api::server_version() {
    co_return std::string("v1.33.4");
}

}  // namespace falconer::sandbox
