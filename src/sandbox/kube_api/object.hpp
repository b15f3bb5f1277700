// An object as a sandbox API keeps it.
#pragma once

#include "falconer/value.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace falconer::sandbox {

/// Its JSON, as it is sent: a tree of it takes three times as much. The tree of what has just been
/// written stays for a while, because everybody is about to ask for it.
class api_object {
public:
    explicit api_object(value is) : tree_(std::make_shared<const value>(std::move(is))) {
        json_ = "{";
        for (const auto* key : {"apiVersion", "kind"})
            if (const auto* const part = tree_->find(key)) add(key, *part);
        rest_ = json_.size();
        for (const auto& each : tree_->entries())
            if (each.key != "apiVersion" && each.key != "kind") add(each.key, each.is);
        if (json_.back() == ',') json_.pop_back();
        json_ += '}';
        json_.shrink_to_fit();
    }

    const std::string& json() const noexcept { return json_; }
    /// Without apiVersion and kind, as lists of built-in types have it; its first brace left out.
    std::string_view json_in_list() const noexcept { return std::string_view(json_).substr(rest_); }
    /// Never null.
    std::shared_ptr<const value> tree() const {
        if (tree_) return tree_;
        auto read = parse_json(json_);
        return std::make_shared<const value>(read ? std::move(*read) : value::map());
    }
    value read() const { return *tree(); }
    void  forget_tree() const noexcept { tree_.reset(); }

private:
    void add(std::string_view key, const value& is) {
        json_.append(json_text(value(key))).append(":").append(json_text(is)).append(",");
    }

    std::string                          json_{};
    std::size_t                          rest_ = 0;
    mutable std::shared_ptr<const value> tree_{};
};

}  // namespace falconer::sandbox
