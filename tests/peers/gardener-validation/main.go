// Judges Gardener's own objects as Gardener does: YAML documents on stdin, one line per problem on stdout, exit 1 if there is one.
//
// Gardener's API server is an aggregated one, whose objects have no CRD; so this program asks the code that it is made of.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"

	corevalidation "github.com/gardener/gardener/pkg/api/core/validation"
	operatorvalidation "github.com/gardener/gardener/pkg/api/operator/v1alpha1/validation"
	"github.com/gardener/gardener/pkg/apis/core"
	coreinstall "github.com/gardener/gardener/pkg/apis/core/install"
	operatorv1alpha1 "github.com/gardener/gardener/pkg/apis/operator/v1alpha1"
)

// problems decodes strictly: what the type does not know is a problem.
func problems(decoder runtime.Decoder, document []byte) []error {
	object, kind, err := decoder.Decode(document, nil, nil)
	if err != nil {
		return []error{err}
	}
	var found field.ErrorList
	switch is := object.(type) {
	case *core.ControllerRegistration:
		found = corevalidation.ValidateControllerRegistration(is)
	case *core.ControllerDeployment:
		found = corevalidation.ValidateControllerDeployment(is)
	case *operatorv1alpha1.Extension:
		found = operatorvalidation.ValidateExtension(is)
	default:
		return []error{fmt.Errorf("%v is not judged here", kind)}
	}
	var all []error
	for _, each := range found {
		all = append(all, each)
	}
	return all
}

func main() {
	scheme := runtime.NewScheme()
	coreinstall.Install(scheme)
	if err := operatorv1alpha1.AddToScheme(scheme); err != nil {
		panic(err)
	}
	strict := serializer.NewCodecFactory(scheme, serializer.EnableStrict)
	toInternal := strict.UniversalDecoder(core.SchemeGroupVersion)

	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	documents := utilyaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(text)))
	judged, wrong := 0, 0
	buffer := make([]byte, 1<<20)
	for {
		n, err := documents.Read(buffer)
		if err == io.EOF {
			break
		}
		if err != nil {
			panic(err)
		}
		if len(bytes.TrimSpace(buffer[:n])) == 0 {
			continue
		}
		judged++
		for _, each := range problems(decoderFor(buffer[:n], strict, toInternal), buffer[:n]) {
			wrong++
			fmt.Println(each)
		}
	}
	fmt.Printf("%d objects judged\n", judged)
	if wrong > 0 || judged == 0 {
		os.Exit(1)
	}
}

// decoderFor: the operator's types have no internal version to convert to.
func decoderFor(document []byte, strict serializer.CodecFactory, toInternal runtime.Decoder) runtime.Decoder {
	if bytes.Contains(document, []byte("operator.gardener.cloud/v1alpha1")) {
		return strict.UniversalDeserializer()
	}
	return toInternal
}
