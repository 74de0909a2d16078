/** Numbers of the whole test set: shares of a confusion matrix, recall, precision, reliability. */

/**
 * Recall and precision of each class; null where a class has no images, or is never the answer.
 * @param {ArrayLike<number>} confusion  (classes, classes), a row for each true class
 * @param {number} classes
 * @returns {{count: number, answered: number, right: number, recall: number|null, precision: number|null}[]}
 */
export function scores(confusion, classes) {
  return Array.from({ length: classes }, (_, label) => {
    let count = 0, answered = 0;
    for (let other = 0; other < classes; other += 1) {
      count += confusion[label * classes + other];
      answered += confusion[other * classes + label];
    }
    const right = confusion[label * classes + label];
    return { count, answered, right, recall: count ? right / count : null, precision: answered ? right / answered : null };
  });
}

/**
 * The pairs of classes that are confused most, the most frequent first.
 * @param {ArrayLike<number>} confusion
 * @param {number} classes
 * @param {number} most
 * @returns {{truth: number, answer: number, count: number}[]}
 */
export function confusedPairs(confusion, classes, most) {
  return Array.from({ length: classes * classes }, (_, i) => ({ truth: Math.floor(i / classes), answer: i % classes, count: confusion[i] }))
    .filter(({ truth, answer, count }) => truth !== answer && count > 0)
    .sort((a, b) => b.count - a.count || a.truth - b.truth || a.answer - b.answer)
    .slice(0, most);
}

/**
 * The stored images of a cell of the confusion matrix, the most confident first.
 * @param {ArrayLike<number>} labels
 * @param {import("../many.js").Answers} answers
 * @param {number} truth
 * @param {number} answer
 * @returns {number[]}
 */
export function imagesOf(labels, { predicted, confidence }, truth, answer) {
  return Array.from(labels, (_, i) => i).filter((i) => labels[i] === truth && predicted[i] === answer).sort((a, b) => confidence[b] - confidence[a] || a - b);
}

/**
 * By how much confidence and accuracy differ on average: the expected calibration error.
 * @param {[number, number, number][]} bins  of each: images, mean confidence, accuracy
 */
export function calibrationError(bins) {
  const total = bins.reduce((sum, [count]) => sum + count, 0);
  return bins.reduce((sum, [count, confidence, accuracy]) => sum + count * Math.abs(confidence - accuracy), 0) / Math.max(1, total);
}
