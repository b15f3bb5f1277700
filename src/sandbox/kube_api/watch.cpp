#include "watch.hpp"

#include "table.hpp"

#include <algorithm>
#include <utility>

namespace falconer::sandbox {
namespace {

value status_of_expired(const failure& why) {
    return {{"kind", "Status"},      {"apiVersion", "v1"},  {"status", "Failure"},
            {"message", why.detail}, {"reason", "Expired"}, {"code", 410}};
}

class watch_stream final : public net::http_stream {
public:
    watch_stream(time_source& time, api_store& store, api_type type, api_watch_options opt)
        : time_(time), store_(store), type_(std::move(type)), opt_(std::move(opt)),
          bell_(time.make_bell()), end_(time.now() + opt_.limit),
          bookmark_(time.now() + opt_.bookmark), version_(opt_.from) {
        store_.ring_on_change(*bell_);
    }
    ~watch_stream() override { store_.no_longer_ring(*bell_); }
    watch_stream(const watch_stream&)            = delete;
    watch_stream& operator=(const watch_stream&) = delete;

    task<std::string> next() override {
        while (!over_) {
            std::string piece;
            if (std::exchange(opt_.from_here, false)) piece = tell_all();
            piece += tell_changes();
            if (!piece.empty()) co_return piece;
            const auto now = time_.now();
            if (now >= end_) break;
            if (opt_.bookmarks && now >= bookmark_) {
                bookmark_ = now + opt_.bookmark;
                co_return bookmark();
            }
            co_await bell_->wait_until(opt_.bookmarks ? std::min(bookmark_, end_) : end_);
        }
        co_return std::string{};
    }

private:
    bool is_ours(const api_change::object& object) const {
        return object && (opt_.selector.takes_all() || opt_.selector.matches(*object->tree()));
    }

    std::string line(std::string_view what, const api_object& object) {
        std::string text = "{\"type\":\"";
        text.reserve(object.size() + 40);
        text.append(what).append("\",\"object\":");
        if (opt_.table)
            text += json_text(as_table(type_, {object.tree().get()}, time_.utc(), false));
        else
            object.append_json_to(text);
        return text += "}\n";
    }

    std::string bookmark(bool initial = false) {
        value object{{"kind", type_.type.kind}, {"apiVersion", type_.type.api_version()}};
        object["metadata"]["resourceVersion"] = std::to_string(version_);
        if (initial) object["metadata"]["annotations"]["k8s.io/initial-events-end"] = "true";
        return "{\"type\":\"BOOKMARK\",\"object\":" + json_text(object) + "}\n";
    }

    std::string tell_all() {
        version_ = store_.version();
        std::string piece;
        const auto  all =
            store_.look(type_.type, {.namespace_name = opt_.namespace_name}, {.limit = 0});
        for (const auto& each : all->items)
            if (is_ours(each)) piece += line("ADDED", *each);
        if (opt_.initial_bookmark) piece += bookmark(true);
        return piece;
    }

    std::string tell_changes() {
        std::string piece;
        while (piece.size() < 256 * 1024) {
            const auto changes = store_.since(version_);
            if (!changes) {
                over_ = true;
                return piece + "{\"type\":\"ERROR\",\"object\":" +
                       json_text(status_of_expired(changes.error())) + "}\n";
            }
            if (changes->empty()) break;
            for (const auto* each : *changes) piece += told(*each);
            version_ = changes->back()->version;
        }
        return piece;
    }

    std::string told(const api_change& change) {
        if (change.type().group != type_.type.group || change.type().plural != type_.type.plural)
            return {};
        if (!opt_.namespace_name.empty() && change.is().namespace_name() != opt_.namespace_name)
            return {};
        const bool was = is_ours(change.before), is = is_ours(change.after);
        if (is) return line(was ? "MODIFIED" : "ADDED", *change.after);
        if (!was) return {};
        if (!change.after) return line("DELETED", *change.before);
        auto last                           = change.before->read();  // it left the selection
        last["metadata"]["resourceVersion"] = std::to_string(change.version);
        return line("DELETED", api_object(std::move(last)));
    }

    time_source&          time_;
    api_store&            store_;
    api_type              type_;
    api_watch_options     opt_;
    std::unique_ptr<bell> bell_;
    steady_time           end_, bookmark_;
    std::uint64_t         version_;
    bool                  over_ = false;
};

}  // namespace

std::shared_ptr<net::http_stream> make_watch(
    time_source& time, api_store& store, const api_type& type, api_watch_options opt
) {
    return std::make_shared<watch_stream>(time, store, type, std::move(opt));
}

}  // namespace falconer::sandbox
