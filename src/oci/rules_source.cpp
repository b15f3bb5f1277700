#include "rules_source.hpp"

#include "falconer/falco/semver.hpp"
#include "image_layout.hpp"
#include "registry.hpp"
#include "rules_artifact.hpp"
#include "rules_folder_source.hpp"

#include <algorithm>
#include <utility>

namespace falconer::oci {
namespace {

using namespace std::chrono_literals;

/// Rules as artifacts, of a registry or of a layout.
class artifact_rules final : public rules_source {
public:
    artifact_rules(
        std::unique_ptr<net::http_client> http, std::unique_ptr<artifact_source> artifacts
    )
        : http_(std::move(http)), artifacts_(std::move(artifacts)) {}

    task<result<rules_file>> fetch(
        std::string artifact, std::string version, std::optional<digest> pin
    ) override {
        const auto name  = artifacts_->name_of(artifact) + ':' + version;
        auto       whole = co_await resolve(*artifacts_, artifact, version, std::move(pin));
        if (!whole) co_return std::move(whole).error();
        auto layer = rules_layer(whole->is);
        if (!layer) co_return std::move(layer).error().while_doing(name);
        auto bytes = co_await artifacts_->blob(artifact, *layer);
        if (!bytes) {
            // A tag without its layer is not an artifact that is not there.
            auto why = std::move(bytes).error().while_doing(name);
            if (why.code == errc::not_found) why.code = errc::malformed;
            co_return why;
        }
        if (bytes->size() != layer->size)
            co_return failure{
                errc::malformed, name + ": its layer has " + std::to_string(bytes->size()) +
                                     " bytes, not " + std::to_string(layer->size)
            };
        if (auto same = verify(*bytes, layer->is, "the layer of " + name); !same)
            co_return std::move(same).error();
        rules_file got;
        got.where.file = falco::standard_rule_file(artifact);
        auto text      = rules_in_layer(*bytes, got.where.file);
        if (!text) {
            auto why = std::move(text).error().while_doing(name);
            why.code = errc::malformed;
            co_return why;
        }
        got.where.artifact = std::move(artifact);
        got.where.is       = digest::of(*text);
        got.where.bytes    = text->size();
        got.where.from     = name;
        got.where.manifest = std::move(whole->root);
        got.where.layer    = layer->is;
        got.text           = std::move(*text);
        co_return got;
    }

private:
    std::unique_ptr<net::http_client> http_;
    std::unique_ptr<artifact_source>  artifacts_;
};

result<std::unique_ptr<rules_source>> make_registry_rules(
    asio::any_io_executor loop, time_source& time, const rules_source_options& opt
) {
    auto base = parse_url(opt.from);
    if (!base) return std::move(base).error();
    if (base->target.find('?') != std::string::npos)
        return failure{errc::malformed, "'" + opt.from + "' has a query"};
    registry::options how{.base = std::move(*base)};
    if (opt.plain_http) how.plain = plain_http::allowed;
    if (!how.base.place.tls && !opt.plain_http && !is_loopback(how.base.place))
        return failure{
            errc::denied,
            "'" + opt.from + "' is plain HTTP to another machine, which must be allowed"
        };
    if (!opt.credentials_file.empty()) {
        auto logins = credentials::read(opt.credentials_file);
        if (!logins) return std::move(logins).error();
        how.logins = std::move(*logins);
    }
    net::http_client::options client;
    client.spare      = 1;
    client.idle       = 10s;
    client.connect    = 10s;
    client.body_bytes = 2 * largest_layer;
    client.ca         = opt.ca_file.string();
    auto http         = net::make_http_client(std::move(loop), time, std::move(client));
    if (!http) return std::move(http).error();
    auto artifacts = std::make_unique<registry>(**http, std::move(how));
    return std::unique_ptr<rules_source>(
        std::make_unique<artifact_rules>(std::move(*http), std::move(artifacts))
    );
}

bool is_artifact(std::string_view name) {
    return std::ranges::find(rules_artifacts, name) != rules_artifacts.end();
}

/// A version is a tag and a folder's name.
bool is_version(const std::string& text) {
    return text.size() <= 128 && text.find('+') == std::string::npos && falco::semver::parse(text);
}

}  // namespace

result<artifact_pin> parse_pin(std::string_view text) {
    const bool by_reference = text.find('@') != text.npos;
    const auto end          = text.find(by_reference ? '@' : '=');
    if (end == text.npos)
        return failure{
            errc::malformed, "'" + std::string(text) +
                                 "' is no pin; expected falco-rules:5.0.0@sha256:… or "
                                 "falco-rules=sha256:…"
        };
    auto is = digest::parse(text.substr(end + 1));
    if (!is) return std::move(is).error();
    artifact_pin pin{.artifact = std::string(text.substr(0, end)), .is = std::move(*is)};
    if (const auto colon = pin.artifact.find(':'); colon != std::string::npos) {
        pin.version = pin.artifact.substr(colon + 1);
        pin.artifact.resize(colon);
    }
    if (by_reference && !is_version(pin.version))
        return failure{errc::malformed, "'" + std::string(text) + "' names no version"};
    if (!is_artifact(pin.artifact))
        return failure{
            errc::malformed, "'" + pin.artifact +
                                 "' is no artifact of rules; there are falco-rules, "
                                 "falco-incubating-rules, falco-sandbox-rules"
        };
    return pin;
}

result<std::unique_ptr<rules_source>> make_rules_source(
    asio::any_io_executor loop, time_source& time, const rules_source_options& opt
) {
    if (opt.from.find("://") != std::string::npos)
        return make_registry_rules(std::move(loop), time, opt);
    std::error_code wrong;
    if (!std::filesystem::is_directory(opt.from, wrong))
        return failure{
            errc::not_found, "'" + opt.from + "' is neither an URL (https://…) nor a folder"
        };
    if (image_layout::is_one(opt.from))
        return std::unique_ptr<rules_source>(
            std::make_unique<artifact_rules>(nullptr, std::make_unique<image_layout>(opt.from))
        );
    return std::unique_ptr<rules_source>(std::make_unique<rules_folder_source>(opt.from));
}

std::optional<digest> rules_wish::pin_of(std::string_view artifact) const {
    for (const auto& each : pins)
        if (each.artifact == artifact && (each.version.empty() || each.version == version))
            return each.is;
    return std::nullopt;
}

result<void> check_wish(const rules_wish& wish) {
    if (!is_version(wish.version))
        return failure{errc::malformed, "'" + wish.version + "' is no version of rules"};
    for (const auto& artifact : wish.artifacts)
        if (!is_artifact(artifact))
            return failure{errc::malformed, "'" + artifact + "' is no artifact of rules"};
    return {};
}

task<result<pulled_rules>> pull_rules(rules_source& from, rules_wish wish) {
    if (auto good = check_wish(wish); !good) co_return std::move(good).error();
    pulled_rules got;
    got.record.version = wish.version;
    for (const auto& artifact : wish.artifacts) {
        const auto pin  = wish.pin_of(artifact);
        auto       file = co_await from.fetch(artifact, wish.version, pin);
        if (file) {
            got.files.emplace(file->where.file, std::move(file->text));
            got.record.files.push_back(std::move(file->where));
            continue;
        }
        const bool needed = pin || artifact == rules_artifacts.front();
        if (needed || file.error().code != errc::not_found) co_return std::move(file).error();
        got.record.absent.push_back(artifact);
    }
    if (got.files.empty())
        co_return failure{errc::not_found, "no rules of version " + wish.version + " are there"};
    co_return got;
}

}  // namespace falconer::oci
