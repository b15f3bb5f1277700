// Our own webhook: the notification as JSON, signed.
#include "falconer/base64.hpp"
#include "falconer/hmac.hpp"
#include "kinds.hpp"

#include <string>
#include <utility>

namespace falconer::alerts {
namespace {

class webhook final : public alert_channel {
public:
    webhook(channel_parts parts, const channel_tools& with)
        : parts_(std::move(parts)), http_(with.http), time_(with.time) {}

    task<delivery_answer> deliver(notification what) override {
        auto where = address_of(parts_);
        if (!where) co_return not_begun(where.error());
        auto request = json_post(json_of(what), what);
        if (parts_.secret.is_named()) {
            auto keys = parts_.secret.lines();
            if (!keys) co_return not_begun(keys.error());
            sign(request, what, *keys);
        }
        auto heard = co_await post(http_, time_, std::move(*where), std::move(request));
        co_return usual_verdict(heard);
    }

private:
    /// With every key, so that the receiver may take a new one before the old one goes.
    void sign(net::http_request& request, const notification& what, const std::vector<secret>& keys)
        const {
        using std::chrono::duration_cast, std::chrono::seconds;
        const auto  id   = what.key.text();
        const auto  when = duration_cast<seconds>(time_.utc().time_since_epoch()).count();
        const auto  at   = std::to_string(when);
        std::string all;
        for (const auto& key : keys) {
            if (!all.empty()) all += ' ';
            all += webhook_signature(key.reveal(), id, at, request.body);
        }
        request.headers.add("webhook-id", id);
        request.headers.add("webhook-timestamp", at);
        request.headers.add("webhook-signature", all);
    }

    channel_parts     parts_;
    net::http_client& http_;
    time_source&      time_;
};

}  // namespace

std::string webhook_signature(
    std::string_view key, std::string_view id, std::string_view timestamp, std::string_view body
) {
    static constexpr std::string_view prefix = "whsec_";
    std::string                       bytes(key);
    if (key.starts_with(prefix)) {
        auto decoded = decode_base64(key.substr(prefix.size()));
        if (decoded) bytes = std::move(*decoded);
    }
    std::string text;
    text.reserve(id.size() + timestamp.size() + body.size() + 2);
    text              += id;
    text              += '.';
    text              += timestamp;
    text              += '.';
    text              += body;
    const auto digest  = hmac_sha256(bytes, text);
    return "v1," + encode_base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::unique_ptr<alert_channel> make_webhook(channel_parts parts, const channel_tools& with) {
    return std::make_unique<webhook>(std::move(parts), with);
}

}  // namespace falconer::alerts
