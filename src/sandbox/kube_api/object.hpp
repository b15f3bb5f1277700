// An object as a sandbox API keeps it.
#pragma once

#include "falconer/kube_object.hpp"
#include "falconer/value.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace falconer::sandbox {

/// Its JSON, as it is sent: a tree of it takes three times as much. There are many of them, and
/// most are small, so that this is one block of text and where in it something stands, but for how
/// it begins, which is the same for all of a type. The tree of what has just been written stays for
/// a while, because everybody is about to ask for it.
class api_object {
public:
    /// Names are 253 bytes long at most.
    explicit api_object(value is);

    std::string json() const;
    void        append_json_to(std::string& text) const;
    /// Without apiVersion and kind, as lists of built-in types have it; its first brace left out.
    std::string_view json_in_list() const noexcept { return {text_.get(), size_}; }
    /// Of its JSON, in bytes.
    std::size_t size() const noexcept;

    std::string_view name() const noexcept { return {text_.get() + name_at_, name_size_}; }
    /// Empty: it is the cluster's own.
    std::string_view namespace_name() const noexcept {
        return {text_.get() + namespace_at_, namespace_size_};
    }
    kube_key key() const { return {std::string(namespace_name()), std::string(name())}; }

    /// Never null.
    std::shared_ptr<const value> tree() const;
    value                        read() const { return *tree(); }
    void                         forget_tree() const noexcept { tree_.reset(); }

private:
    std::unique_ptr<char[]> text_{};
    std::uint32_t           head_ = 0;  // which of those that are known
    std::uint32_t           size_ = 0, name_at_ = 0, namespace_at_ = 0;
    std::uint16_t           name_size_ = 0, namespace_size_ = 0;
    // One pointer, where a shared one would be two: nearly all objects have none.
    mutable std::unique_ptr<const std::shared_ptr<const value>> tree_{};
};

}  // namespace falconer::sandbox
