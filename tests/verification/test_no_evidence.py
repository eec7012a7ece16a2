"""Statements that something is not in the papers, and denials that are about something else."""

import pytest

from qa.verification.no_evidence import states_no_evidence

ABSENT = """\
The abstract does not say how many GPUs were used.
The abstracts do not say which optimizer was used.
The abstract doesn't mention the batch size.
No abstract gives the learning rate.
None of the papers reports the training time.
None of the given abstracts states a price.
The papers do not name the dataset.
The number of parameters is not given.
The number of parameters is not stated in the abstract.
The exact figure isn't reported.
The learning rate is not specified.
It is not said how long training takes.
It is not stated whether the code is public.
No figure for memory is given.
No number is given for the speedup.
No reason is given.
No dataset is named.
Nothing is said about the cost.
Nothing is said on how the labels were made.
The abstract says nothing about energy.
The paper is silent on hyperparameters.
The size of the graph is left open.
The abstract leaves open how the seeds were chosen.
The abstract leaves unsaid which baseline it beats.
The authors do not report standard deviations.
Which datasets were used remains unspecified.
The batch size goes unmentioned.
The training data are unspecified.
How long it takes is not mentioned.
The sentences give no figure for the accuracy.
The abstract gives no number of layers.
The abstract names no dataset.
The abstracts provide no information on the licence.
There is no information about the hardware in the abstracts.
There is no mention of ImageNet.
The abstract makes no mention of a GPU.
The abstract contains no comparison with BERT.
No information on the number of users is provided.
No details on the training schedule are given.
The abstract does not specify the number of clients.
Neither abstract says which is faster.
Neither paper reports a runtime.
Whether it scales is not discussed.
The abstracts don't tell who funded the work.
The exact sizes cannot be found in the abstracts.
The abstracts do not contain a figure for that.
The given sentences do not state the year.
It does not say how much memory it saves.
The papers here do not compare the two.
The question of privacy is not addressed in these abstracts.
It reports the speedup without saying on which hardware.
The abstract only mentions that it is faster, not by how much.
The abstract does not quantify the gain.
How large the model is cannot be told from the abstract.
No paper here treats umbrellas.
The abstracts do not go into the reasons.
The abstract does not disclose the dataset size.
They do not give the number of epochs.
The abstract does not detail how it is trained.
The provided abstracts do not give the cost in dollars.
Nowhere do the abstracts mention a teacher.
The abstract does not reveal which hospitals took part.
How much data was used is not stated in these abstracts.
The abstracts here never mention Kubernetes.
No runtime in seconds is reported.
What the acronym stands for is not explained.
Whether the model is public, the abstract does not say.
The abstracts say only that it is smaller, not by how much.
The paper's abstract mentions neither the optimizer nor the schedule.
They do not state the learning rate.
An exact number of layers is not given there.
The abstract fails to mention the licence.
Of its cost, the abstract says nothing.
The other abstracts do not address this.
Neither of the two abstracts compares them directly.
The abstracts shown do not tell which one is faster.
It is unclear from the abstracts whether it needs labels.
The abstract of DiskGNN does not state the number of disks.
Details of the architecture are missing from the abstract.
The abstracts contain no answer to that.
""".splitlines()


@pytest.mark.parametrize("statement", ABSENT)
def test_statement_says_that_the_papers_are_silent(statement):
    assert states_no_evidence(statement)


DENIALS = """\
Previous papers do not treat directed graphs.
Prior authors do not report such gains.
DiskGNN does not lose accuracy.
No labels are needed.
It does not report errors to the user.
The method does not require gradients.
The feature space has received no systematic study.
No systematic study had covered quantization schemes.
No previous work handles more than two agents.
No cost but the squared-Euclidean one is covered.
Both theorems do not give any guarantees.
The bound does not include a logarithmic factor.
It gives no speedup on small graphs.
The training set does not contain any labels.
The data set contains no images.
The network does not name objects it has not seen.
Earlier models do not provide uncertainty estimates.
The loss is not given by a closed form.
Such functions are not described by polynomials.
It is optimal up to an unspecified constant.
The teacher is silent during the second phase.
The proposed attack is not detected.
Continuous models do not offer tractable inference.
Neither network is trained on labels.
The layers are not listed in order of depth.
Training does not include any test nodes.
The kernel does not cover negative values.
Clients do not disclose their data.
The server does not reveal gradients.
It answers questions without giving away private data.
The agent does not tell the others its state.
Gradients are not reported to the server.
The model does not describe images better than BERT.
No gradient information is given to the attacker.
Users are not identified by their queries.
It does not compare all pairs of nodes.
No pair is compared twice.
The method only sees inputs, not outputs.
Existing works do not treat directed graphs.
Previous studies do not address long sequences.
Its convergence is not explained by existing theory.
The distribution of labels is not specified in advance.
Generated samples contain no artifacts.
The paper shows that depth does not help.
The abstract says that no labels are needed.
The authors report that no retraining is needed.
The study shows that accuracy does not drop.
The model does not explain its decisions.
Hallucinations are not mentioned by the captions.
It learns without specifying a reward.
The papers disagree, and neither bound is tight.
The paper shows that attention is not needed.
The authors present a method that does not give up accuracy.
The loss does not show a double descent.
No additional memory is used.
It does not give the attacker access to the gradients.
The graph contains no cycles.
The paper proves that no algorithm does better.
Fairness is not guaranteed.
Its output is not covered with noise.
Missing values are not treated as zero.
The method does not list all subgraphs.
No further assumption is made.
The authors find that the models do not answer reliably.
The benchmark does not include languages other than English.
It never reports a wrong class with high confidence.
Edges are not described by features.
No guarantee is given to clients that leave.
The estimator is not unbiased.
Users need not specify the number of clusters.
The paper introduces a model without any convolution.
""".splitlines()


@pytest.mark.parametrize("statement", DENIALS)
def test_denial_is_not_about_the_papers(statement):
    assert not states_no_evidence(statement)


def test_empty_statement_says_nothing():
    assert not states_no_evidence("")


@pytest.mark.parametrize("text", ["no " * 1300, "the paper " * 400, "is not " * 600, "the paper does not " * 200])
def test_long_nonsense_is_read_through(text):
    states_no_evidence(text)
