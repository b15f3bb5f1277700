// What refusals say to programs. The sentences and details on the right are a real server's
// (1.34.4).
#include "sandbox/kube_api/status_details.hpp"

#include <gtest/gtest.h>

namespace falconer::sandbox {
namespace {

struct row {
    errc        code;
    const char* sentence;
    const char* details;
};

std::string details_of(errc code, const std::string& sentence) {
    return json_text(status_details({code, sentence}));
}

TEST(StatusDetailsTest, NameTheObjectAndWhatIsWrongWithIt) {
    for (const auto& [code, sentence, details] : {
             row{errc::not_found, "configmaps \"a\" not found",
                 R"({"name":"a","kind":"configmaps"})"},
             {errc::not_found, "things.compared.example.com \"t\" not found",
              R"({"name":"t","group":"compared.example.com","kind":"things"})"},
             {errc::not_found, "the server could not find the requested resource", "{}"},
             {errc::not_found, "admission webhook \"w.example.com\" denied the request: no", "null"
             },
             {errc::already_exists, "configmaps \"a\" already exists",
              R"({"name":"a","kind":"configmaps"})"},
             {errc::conflict,
              "Operation cannot be fulfilled on leases.coordination.k8s.io \"l\": the object has "
              "been "
              "modified; please apply your changes to the latest version and try again",
              R"({"name":"l","group":"coordination.k8s.io","kind":"leases"})"},
             {errc::conflict, "Apply failed with 1 conflict: conflict with \"mine\": .data.x",
              R"({"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"mine\"","field":".data.x"}]})"
             },
             {errc::conflict,
              "Apply failed with 2 conflicts: conflict with \"a\": .data.x, \"b\" with subresource "
              "\"status\": .status.y",
              R"({"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"a\"","field":".data.x"},)"
              R"({"reason":"FieldManagerConflict","message":"conflict with \"b\" with subresource \"status\"","field":".status.y"}]})"
             },
             {errc::malformed, "Thing.e.com \"bad\" is invalid: spec.size: Required value",
              R"({"name":"bad","group":"e.com","kind":"Thing","causes":[{"reason":"FieldValueRequired","message":"Required value","field":"spec.size"}]})"
             },
             {errc::malformed,
              "ConfigMap \"b\" is invalid: data[not a key]: Invalid value: \"not a key\": a valid "
              "key is",
              R"({"name":"b","kind":"ConfigMap","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: \"not a key\": a valid key is","field":"data[not a key]"}]})"
             },
             {errc::malformed,
              "Thing.e.com \"t\" is invalid: [spec.size: Invalid value: \"number\": spec.size in "
              "body "
              "must be of type integer: \"number\", spec.kind: Unsupported value: \"c\": supported "
              "values: \"a\", \"b\"]",
              R"({"name":"t","group":"e.com","kind":"Thing","causes":[)"
              R"({"reason":"FieldValueTypeInvalid","message":"Invalid value: \"number\": spec.size in body must be of type integer: \"number\"","field":"spec.size"},)"
              R"({"reason":"FieldValueNotSupported","message":"Unsupported value: \"c\": supported values: \"a\", \"b\"","field":"spec.kind"}]})"
             },
             // What somebody has written is no problem of its own.
             {errc::malformed,
              R"(Thing.e.com "t" is invalid: spec.a: Invalid value: "x\", spec.b: Required value": too odd)",
              R"({"name":"t","group":"e.com","kind":"Thing","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: \"x\\\", spec.b: Required value\": too odd","field":"spec.a"}]})"
             },
             {errc::malformed, " \"\" is invalid: patch: Invalid value: \"[]\": no object",
              R"({"causes":[{"reason":"FieldValueInvalid","message":"Invalid value: \"[]\": no object","field":"patch"}]})"
             },
             {errc::malformed, "remove /data/x: there is no such place", "{}"},
             {errc::malformed, "admission webhook \"w.example.com\" denied the request: no", "null"
             },
             {errc::denied,
              "configmaps \"a\" is forbidden: unable to create new content in namespace n because "
              "it "
              "is being terminated",
              R"({"name":"a","kind":"configmaps","causes":[{"reason":"NamespaceTerminating","message":"namespace n is being terminated","field":"metadata.namespace"}]})"
             },
             {errc::denied, "admission webhook \"w.example.com\" denied the request: no", "null"},
             {errc::overloaded, "as was planned", R"({"retryAfterSeconds":1})"},
             {errc::expired, "too old resource version: 1 (7)", "null"},
             {errc::broken, "the request's body cannot be read", "null"},
         })
        EXPECT_EQ(details_of(code, sentence), details) << sentence;
}

/// Names may be anything, and so may what is wrong.
TEST(StatusDetailsTest, NoSentenceIsTooOdd) {
    const std::string parts[] = {
        "\"",
        " ",
        ": ",
        "is invalid: ",
        "[",
        "]",
        ", ",
        "Invalid value",
        "\\",
        "Apply failed with ",
        "conflict with ",
        ": .",
        "not found"
    };
    for (const auto code : {errc::not_found, errc::conflict, errc::malformed, errc::denied})
        for (unsigned seed = 0; seed < 13 * 13 * 13 * 13; ++seed) {
            std::string sentence;
            for (unsigned rest = seed, i = 0; i < 4; ++i, rest /= 13) sentence += parts[rest % 13];
            EXPECT_TRUE(parse_json(details_of(code, sentence))) << sentence;
        }
}

}  // namespace
}  // namespace falconer::sandbox
